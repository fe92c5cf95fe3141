"""Where a parcel is."""

WORDS: dict[str, str] = {
    "node.booked": "Pick-up booked",
    "node.picked_up": "Picked up",
    "node.in_transit": "On the way",
    "node.out_for_delivery": "Out for delivery",
    "node.delivery_failed": "Delivery failed",
    "node.lost": "Lost",
    "node.returned_to_sender": "Sent back to the customer",
    "node.signed_off": "Signed for",
}

"""Where a parcel is, and what became of its pick-up."""

WORDS: dict[str, str] = {
    "node.booked": "Pick-up booked",
    "node.picked_up": "Picked up",
    "node.in_transit": "On the way",
    "node.out_for_delivery": "Out for delivery",
    "node.delivery_failed": "Delivery failed",
    "node.lost": "Lost",
    "node.returned_to_sender": "Sent back to the customer",
    "node.signed_off": "Signed for",
    "node.assumed": "Seen here; no carrier said so",
    "pick_up.asked": "Asked for",
    "pick_up.unsure": "No answer yet; it is looked up",
    "pick_up.booked": "Booked",
    "pick_up.refused": "The carrier said no",
    "pick_up.cancelled": "Cancelled",
}

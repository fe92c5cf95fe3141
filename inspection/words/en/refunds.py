"""What became of money that is paid back."""

WORDS: dict[str, str] = {
    "payout.refunded": "Paid back.",
    "payout.recorded_only": (
        "The shop's system booked the refund but did not finish it. Compare it with the payment provider."
    ),
    "payout.paid_twice": "It was paid more than once. Stop and compare it with the payment provider.",
    "payout.under_way": "The refund is under way.",
    "payout.customer_action": "The customer must do something before the money arrives.",
    "payout.already_refunded": "This payment is refunded in full already.",
    "payout.over_refund": "More than was paid would be refunded. Nothing was moved.",
    "payout.amount_refused": "The payment system cannot move this amount. Nothing was moved.",
    "payout.payment_unknown": "The payment system knows no such payment.",
    "payout.payment_disputed": "The customer's bank disputes this payment. Settle that first.",
    "payout.not_refundable": "The payment system cannot refund this payment. Nothing was moved.",
    "payout.balance_too_low": "The account at the payment system holds too little. Top it up.",
    "payout.refund_failed": "The refund failed; the money came back. Find another way to pay.",
    "payout.refund_canceled": "The refund was called off at the payment system.",
    "payout.request_refused": "The payment system did not accept the request. Call whoever set it up.",
    "payout.credentials_refused": "The payment system refuses our key. Enter a good one.",
    "payout.too_many_calls": "The payment system asked us to wait. It is tried again.",
    "payout.not_reached": "The payment system could not be reached. It is tried again.",
    "payout.address_refused": "The payment system's address is not allowed here. Call whoever set it up.",
    "payout.no_answer": "No answer came. Whether it was paid is looked up before anything else.",
    "payout.unclear_answer": "The answer was unclear. Whether it was paid is looked up before anything else.",
    "payout.peer_failed": "The payment system failed. Whether it was paid is looked up before anything else.",
    "payout.needs_person": "The payment system wants a person: open the refund there and confirm it.",
    "payout.version_moved": "Somebody changed the refund at the payment system. It is read anew.",
    "payout.several_fit": "More than one refund there may be ours. Compare them by hand.",
}

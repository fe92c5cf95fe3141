"""The certificate of an erasure."""

WORDS: dict[str, str] = {
    "erasure.certificate": (
        "Certificate of erasure {erasure}\n"
        "The key of one customer of merchant {merchant} was destroyed at {at}.\n"
        "With it became unreadable: {openings} personal fields of {records} inspection records, "
        "{images} photos, and the personal part of {units} returned items. "
        "Encrypted photos were deleted.\n"
        "Reason: {reason}. Asked for by: {by}.\n"
        "Entry {index} of the ledger {origin} states this; it names nobody, and every earlier proof stays "
        "valid.\n"
        "The key store is backed up daily; each backup is kept for {days} days and deleted by the next run: "
        "from {until} on none holds the key."
    ),
}

"""What stands on the screens beside the domain's own words."""

WORDS: dict[str, str] = {
    "ui.scan_badge": "Scan your badge to sign in",
    "ui.scan_item": "Scan a return",
    "ui.waiting_here": "Saved here: {count}. Oldest: {minutes} min",
    "ui.ledger_number": "Ledger number {index}",
}

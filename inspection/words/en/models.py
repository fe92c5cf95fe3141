"""What the models show: the readiness card, what a comparison cannot see, a graded picture."""

WORDS: dict[str, str] = {
    "card.title": "Readiness of {sku}",
    "card.view": "View",
    "card.shots": "Good photos",
    "card.limit": "Limit",
    "card.left_out": "Left-out scores (share of the limit: median, largest)",
    "card.false_alarms": "Good photos called different",
    "card.bound": "False alarms at most (95 % sure)",
    "card.needs_more": "Needs {count} more good photos before anything is compared.",
    "card.expected": "Set for at most {share} of good items over up to three views. The limit is a fit over "
    "few photos: the column on the right is what these photos prove.",
    "card.blind": "What it cannot see",
    "card.bank": "Reference bank",
    "card.backbone": "Model",
    "blind.other_views": "Sides of the item that no enrolled view shows, and anything inside.",
    "blind.small": "Anything smaller than about {pixels} pixels of the camera's picture.",
    "blind.kind": "What a difference is. A harmless sticker and a tear of one size look equally bad.",
    "blind.wear": "Wear, smell and function that leave no mark on the picture.",
    "blind.pose": "An item in another pose, or under other light, than in the good photos.",
    "graded.score": "Score / limit",
    "graded.chance": "Chance for a good item",
    "graded.not_compared": "not compared",
    "graded.area": "Share of the view",
}

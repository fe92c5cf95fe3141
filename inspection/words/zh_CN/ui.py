"""What stands on the screens beside the domain's own words."""

WORDS: dict[str, str] = {
    "ui.scan_badge": "请扫工牌登录",
    "ui.scan_item": "请扫描退货",
    "ui.waiting_here": "本地已存 {count} 条，最早的等了 {minutes} 分钟",
    "ui.ledger_number": "账本编号 {index}",
}

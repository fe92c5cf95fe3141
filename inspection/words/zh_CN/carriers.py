"""包裹在哪里。"""

WORDS: dict[str, str] = {
    "node.booked": "已预约取件",
    "node.picked_up": "已揽收",
    "node.in_transit": "运输中",
    "node.out_for_delivery": "派送中",
    "node.delivery_failed": "派送失败",
    "node.lost": "已丢失",
    "node.returned_to_sender": "已退回寄件人",
    "node.signed_off": "已签收",
}

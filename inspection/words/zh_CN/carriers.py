"""包裹在哪里，上门取件怎么样了。"""

WORDS: dict[str, str] = {
    "node.booked": "已预约取件",
    "node.picked_up": "已揽收",
    "node.in_transit": "运输中",
    "node.out_for_delivery": "派送中",
    "node.delivery_failed": "派送失败",
    "node.lost": "已丢失",
    "node.returned_to_sender": "已退回寄件人",
    "node.signed_off": "已签收",
    "node.assumed": "已在本仓出现，承运商未告知签收",
    "pick_up.asked": "已提交",
    "pick_up.unsure": "尚无答复，正在查询",
    "pick_up.booked": "已预约",
    "pick_up.refused": "承运商拒绝",
    "pick_up.cancelled": "已取消",
}

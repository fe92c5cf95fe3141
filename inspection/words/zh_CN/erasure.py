"""The certificate of an erasure."""

WORDS: dict[str, str] = {
    "erasure.certificate": (
        "数据删除证明 {erasure}\n"
        "商户 {merchant} 的一位客户的密钥已于 {at} 销毁。\n"
        "随之无法再读取：{records} 份检验记录中的 {openings} 个个人字段、{images} 张照片，"
        "以及 {units} 件退货的个人信息。加密照片已删除。\n"
        "原因：{reason}。申请人：{by}。\n"
        "账本 {origin} 的第 {index} 条记录了此事；其中不含任何人的姓名，此前的所有证明仍然有效。\n"
        "密钥库每日备份，每份备份保留 {days} 天，期满后由下一次每日备份删除："
        "自 {until} 起，任何备份中都不再有该密钥。"
    ),
}

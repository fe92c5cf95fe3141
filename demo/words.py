"""What the live view says, in both languages; names of grades and states come from `inspection.words`."""

from collections.abc import Mapping

EN: Mapping[str, str] = {
    "starting": "Starting centre, shop, stations and their devices ...",
    "learning": "The models learn their references ...",
    "stopped": "Stopped.",
    "kept": "Everything is kept in {folder}.",
    "station": "Station",
    "state": "State",
    "item": "Item",
    "product": "Product",
    "truth": "Truth",
    "machine": "Machine",
    "verdict": "Verdict",
    "done": "Done",
    "seconds": "Seconds",
    "page": "Inspector's page of {station}: {url}",
    "yours": "Inspector's page of {station}: {url}  (yours: items lie on it, you decide)",
    "console": "Supervisors' console: {url}",
    "shop": "Shop: {url}",
    "summary": "{ledger} ledger entries; refunds: {settled} settled, {held} held, {waiting} not told yet",
    "faults": "bad input noticed: {faults}",
    "end": "Ctrl-C ends.",
    "gone_on": "{item} was set aside: {reason}",
    "no_console": "The console does not run: {reason}",
}

ZH_CN: Mapping[str, str] = {
    "starting": "正在启动中心、商店、工位及其设备……",
    "learning": "模型正在学习参考照片……",
    "stopped": "已停止。",
    "kept": "全部数据保存在 {folder}。",
    "station": "工位",
    "state": "状态",
    "item": "件",
    "product": "商品",
    "truth": "真实成色",
    "machine": "机器判断",
    "verdict": "结论",
    "done": "完成",
    "seconds": "秒",
    "page": "{station} 的检验页面：{url}",
    "yours": "{station} 的检验页面：{url}（由您操作：货品已放上台面，请您决定）",
    "console": "主管控制台：{url}",
    "shop": "商店：{url}",
    "summary": "账本 {ledger} 条；退款：已结 {settled}，暂缓 {held}，待回告 {waiting}",
    "faults": "已发现的异常输入：{faults}",
    "end": "按 Ctrl-C 结束。",
    "gone_on": "{item} 已放到一边：{reason}",
    "no_console": "控制台未运行：{reason}",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": EN, "zh_CN": ZH_CN}


def say(language: str, key: str, /, **values: object) -> str:
    """One sentence of the live view."""
    return LANGUAGES[language][key].format(**values)

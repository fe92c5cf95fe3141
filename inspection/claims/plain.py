"""The one form in which a customer's text is read: bounded, NFKC, small letters, clauses set apart.

Nothing here or beside it writes the text anywhere; what comes of it carries codes and numbers only.
"""

import re
import unicodedata

MAX_CHARS = 1_000
"""Read from the front; a reason that comes later is not worth a request that takes seconds."""

_TRADITIONAL, _SIMPLIFIED = (
    "開關機壞損劃傷髒汙漬縫線脫褲裝襪頭領釦灑壓爛變彎塊貨發錯單買賣這個們還沒無為與說電腦螢顯觸聲響連藍網後給貴價錢優東貼圖樣顏紅綠黃實際質氣細長寬緊鬆適號碼點時間過遲週幾禮歡愛處請問麼嗎謝運費稅誰據選"
    "誤雙兩隻歲媽兒產舊換補詢題觀條斷鐵銅鋼鏡裡蓋鎖滲溼濕淚攝達標識驗證偽專櫃夠應該從來寫讓覺認見現麥體積飛塵邊緣轉動咗嘅冇係唔髮歷懷訂煩純聽贈遙齊絲釘鑑顆陳輕貓進雖語紙針閉閃門軟車輪辦遺鍵錶鏽鈕鍋靜飾"
    "擠於會檢殘殼毀沖淨溫滿熱燈燒狀當癟確穩紋結縮聯膠蘋裏襯訴試詳誇負賠贗跡輸遞遠郵鏈銀風馬類願預鐘隨驅護設許話調講資賬載輯農陽雜頁項順須顧飲餘駕鬥魚鳥齡寶將對導層幫庫張強彈徑復態慣憑懶戶拋掃掛採擇擊擔"
    "攔敗數極構樂橫權歸決況淺減漲潔濃濾煙獨獲環畫異盡監盤眾礙種競筆節範簡簽籃糾納紗級終組絕統絨經綁維緩編練總織繡續罰義習聞職脹臉臨舉艙藥蟲衛襠規視親計訊記評詐誠誌論諾讀責貸貿賴購賽趕躍軸較辭違釋鈴鉛銷"
    "鋁鋪錄閒閱隊階難霧韌頂頻顛飯餅驚鬚麗黏齒",
    "开关机坏损划伤脏污渍缝线脱裤装袜头领扣洒压烂变弯块货发错单买卖这个们还没无为与说电脑荧显触声响连蓝网后给贵价钱优东贴图样颜红绿黄实际质气细长宽紧松适号码点时间过迟周几礼欢爱处请问么吗谢运费税谁据选"
    "误双两只岁妈儿产旧换补询题观条断铁铜钢镜里盖锁渗湿湿泪摄达标识验证伪专柜够应该从来写让觉认见现麦体积飞尘边缘转动了的没是不发历怀订烦纯听赠遥齐丝钉鉴颗陈轻猫进虽语纸针闭闪门软车轮办遗键表锈钮锅静饰"
    "挤于会检残壳毁冲净温满热灯烧状当瘪确稳纹结缩联胶苹里衬诉试详夸负赔赝迹输递远邮链银风马类愿预钟随驱护设许话调讲资账载辑农阳杂页项顺须顾饮余驾斗鱼鸟龄宝将对导层帮库张强弹径复态惯凭懒户抛扫挂采择击担"
    "拦败数极构乐横权归决况浅减涨洁浓滤烟独获环画异尽监盘众碍种竞笔节范简签篮纠纳纱级终组绝统绒经绑维缓编练总织绣续罚义习闻职胀脸临举舱药虫卫裆规视亲计讯记评诈诚志论诺读责贷贸赖购赛赶跃轴较辞违释铃铅销"
    "铝铺录闲阅队阶难雾韧顶频颠饭饼惊须丽粘齿",
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
"""Traditional letters of returns, and five words of Cantonese; not a full conversion."""

_NOT = re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should)n ?'?t\b")
_WORDS = (
    (re.compile(r"\b(?:can'?t|cannot)\b"), "can not"),
    (re.compile(r"\bwon'?t\b"), "will not"),
    (_NOT, r"\1 not"),
    (re.compile(r"'"), ""),
)
_REPEATED = re.compile(r"(.)\1{2,}")
_HAN_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")
_QUOTES = str.maketrans("’‘`´", "''''")
_STOPS = frozenset(".,;:!?。，；：！？、…()[]{}\n\r|/·—")


def plain(text: str) -> str:
    """Return the text as it is read, between two blanks; `""` where nothing is left of it.

    Stops become ` , `, so that what belongs together stands between commas; signs and emoji fall away.
    """
    wide = unicodedata.normalize("NFKC", text[:MAX_CHARS])[:MAX_CHARS].casefold().translate(_FOLD)
    words = wide.translate(_QUOTES)
    for pattern, instead in _WORDS:
        words = pattern.sub(instead, words)
    spaced = "".join(map(_letter, words))
    clauses = " , ".join(filter(None, (" ".join(part.split()) for part in spaced.split(","))))
    short = _HAN_GAP.sub("", _REPEATED.sub(r"\1\1", clauses))
    return f" {short[:MAX_CHARS]} " if short else ""


def _letter(char: str) -> str:
    if char.isalnum():
        return char
    if char in _STOPS:
        return ","
    return "" if unicodedata.category(char) in ("Cf", "Mn") else " "

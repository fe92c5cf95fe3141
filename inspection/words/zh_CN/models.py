"""模型给人看的：准备情况、看不到的东西、定级结果。"""

WORDS: dict[str, str] = {
    "card.title": "{sku} 的准备情况",
    "card.view": "视角",
    "card.shots": "良品照片数",
    "card.limit": "界限",
    "card.left_out": "留一得分（占界限的比例：中位、最大）",
    "card.false_alarms": "被判不同的良品照片",
    "card.bound": "误报率上限（95% 把握）",
    "card.needs_more": "还差 {count} 张良品照片，够了才会比对。",
    "card.expected": "界限按最多三个视角合计误报不超过 {share} 良品设定。"
    "界限由少量照片拟合得出，最右一列才是这些照片能证明的。",
    "card.blind": "看不到的东西",
    "card.bank": "样品库",
    "card.backbone": "模型",
    "blind.other_views": "没有登记视角的各面，以及内部。",
    "blind.small": "相机照片上小于约 {pixels} 像素的痕迹。",
    "blind.kind": "差异是什么。同样大小的贴纸和破口看起来一样严重。",
    "blind.wear": "照片上不留痕迹的磨损、气味和功能问题。",
    "blind.pose": "摆放或光线与良品照片不同的商品。",
    "graded.score": "得分 / 界限",
    "graded.chance": "良品出现的机会",
    "graded.not_compared": "未比对",
    "graded.area": "占画面比例",
}

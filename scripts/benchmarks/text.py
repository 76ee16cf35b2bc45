"""Text for benchmark rows: questions and answers about screens and photographs, English and Chinese, from a seed."""

from __future__ import annotations

import random

_ENGLISH = (
    "Tap the {thing} {place} and wait until the {thing} has finished loading before you go on.",
    "The {thing} shows {number} unread messages, but the {thing} {place} still says {number}.",
    "I would open {app} first, scroll down to the {thing}, and then choose “{action}”.",
    "In this picture a {colour} {object} stands {place}, and the light comes from the left.",
    'Action: click(start_box="({number},{number})") because the {thing} is highlighted in {colour}.',
    "It isn't obvious at first glance; nevertheless, the {colour} {thing} {place} is what the user asked about.",
    "What should I do next if I want to {action} in {app}, given that the {thing} is greyed out?",
    "There are {number} items in the list: the first one costs ${number}.99 and was added on 2024-0{digit}-1{digit}.",
    "Describe everything that you can see {place}, including the {object} and any text that is readable.",
    "Because the previous step failed with error {number}, the {thing} must be refreshed before trying to {action}.",
)
_CHINESE = (
    "请点击{place}的{thing}，等待页面加载完成后再继续下一步操作。",
    "当前屏幕显示的是{app}的主界面，{thing}位于{place}，上面有{number}条未读消息。",
    "如果想要{action}，需要先打开{app}，然后在{thing}里找到对应的选项。",
    "这张照片里有一个{colour}的{object}，背景比较模糊，光线从左边照过来。",
    "根据用户的指令，下一步应该执行 click(start_box='({number},{number})')，因为{thing}已经高亮。",
    "列表中一共有{number}个项目，第一个的价格是{number}元，添加时间为2024年{digit}月1{digit}日。",
    "我该怎么{action}？{place}的{thing}是灰色的，好像不能点。",
    "图片右下角可以看到{object}，旁边写着“{action}”，字体颜色是{colour}。",
)
_WORDS = {
    "english": {
        "thing": "search bar|settings icon|navigation drawer|Submit button|profile picture|status bar|checkbox|"
        "dropdown menu|notification badge|keyboard|tab bar|progress indicator|back arrow|toggle switch|text field",
        "place": "in the upper right corner|at the bottom of the screen|next to the title|below the second paragraph|"
        "behind the window|on the left-hand side|in the middle of the page",
        "app": "the calendar app|Settings|the file manager|the shopping cart|WhatsApp|the camera|Google Maps|the inbox",
        "action": "change the password|share this document|turn off notifications|book a table for two|"
        "download the invoice|enable dark mode|delete the oldest backup|translate the page",
        "colour": "blue|dark green|reddish|yellow|light grey|orange|purple|black-and-white",
        "object": "bicycle|coffee cup|golden retriever|street lamp|wooden table|mountain ridge|umbrella|bookshelf",
    },
    "chinese": {
        "thing": "搜索框|设置图标|导航栏|提交按钮|头像|状态栏|复选框|下拉菜单|输入法键盘|返回箭头|开关|输入框",
        "place": "屏幕右上角|页面底部|标题旁边|第二段文字下方|左侧|页面中间",
        "app": "日历|设置|文件管理器|购物车|微信|相机|高德地图|邮箱",
        "action": "修改密码|分享这个文档|关闭通知|预订两人的座位|下载发票|开启深色模式|删除最早的备份|翻译网页",
        "colour": "蓝色|深绿色|红色|黄色|浅灰色|橙色|紫色",
        "object": "自行车|咖啡杯|金毛犬|路灯|木桌|山脊|雨伞|书架",
    },
}
_CHOICES = {language: {slot: words.split("|") for slot, words in slots.items()} for language, slots in _WORDS.items()}
_SENTENCES = {"english": _ENGLISH, "chinese": _CHINESE}
_WEIGHTS = {"english": 7, "chinese": 3}
"""Of ten rows, three are Chinese."""


def language_of(dice: random.Random) -> str:
    return dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]


def sentence(dice: random.Random, language: str) -> str:
    slots = {slot: dice.choice(words) for slot, words in _CHOICES[language].items()}
    return dice.choice(_SENTENCES[language]).format(**slots, number=dice.randrange(1000), digit=dice.randrange(1, 10))


def paragraph(dice: random.Random, language: str, sentences: int) -> str:
    return ("" if language == "chinese" else " ").join(sentence(dice, language) for _ in range(sentences))


def messages(dice: random.Random, num_images: int) -> list[dict[str, str]]:
    """One to three questions with their answers, about 1 kB of UTF-8; the placeholders stand in the first question."""
    language = language_of(dice)
    pairs = dice.choice((1, 1, 2, 3))
    turns = []
    for pair in range(pairs):
        question = paragraph(dice, language, dice.randrange(1, 4))
        if pair == 0:
            question = "<image>" * num_images + question
        turns.append({"role": "user", "content": question})
        turns.append({"role": "assistant", "content": paragraph(dice, language, dice.randrange(2, 6 // pairs + 3))})
    return turns

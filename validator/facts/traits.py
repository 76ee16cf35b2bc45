"""What a text looks like, in words that rules look for. The text itself is not kept.

A word costs next to nothing where it does not hold: each look begins with a test that most texts fail.
"""

from __future__ import annotations

import re

from validator.models.families import LATER_TOKENS, LATEST_TOKENS

BASE64_CHARACTERS = 512
"""Of one run without a space."""
TAIL, PERIOD = 400, 100
"""An answer repeats itself where its last TAIL characters have a period of at most PERIOD."""
ADDED = "added-token"
"""The word for a text with a token that the vocabularies of later models have and Qwen2-VL's has not."""
LEAK_CHARACTERS = 20
"""Of a system prompt that is looked for in answers."""
QWEN_SYSTEM = "You are a helpful assistant."
"""The template's own system prompt."""
_STEP = 1 << 18
"""Characters that are encoded at a time."""
_WINDOW = BASE64_CHARACTERS // 2
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{BASE64_CHARACTERS},}}={{0,2}}")
_LATIN = "[\x80-\xbf" + bytes(range(0x80, 0xA0)).decode("cp1252", "ignore") + "]"
"""What the second byte of a letter becomes."""
_MOJIBAKE = re.compile(f"[ÃÂ]{_LATIN}|[\xe0-\xef]{_LATIN}{{2}}|ð\u0178{_LATIN}{{2}}|锟斤拷")
"""UTF-8 read as Latin-1 or Windows-1252, and UTF-8 with replacement characters read as GBK."""
_FOREIGN = re.compile(
    r"\[/?INST\]|<</?SYS>>|<\|(?:eot_id|start_header_id|end_header_id|begin_of_text|user|assistant|system|end)\|>"
    r"|<(?:start|end)_of_turn>|<｜(?:User|Assistant)｜>"
)
_REPLIES = (
    ("<", "<tool_response>", ("<tool_call>",)),
    ("<", "<tool_result>", ("<tool_call>", "<tool_use>")),
    ("<", "<function_results>", ("<function_calls>",)),
    ("[", "[TOOL_RESULTS]", ("[TOOL_CALLS]",)),
    ("✿", "✿RESULT✿", ("✿FUNCTION✿",)),
    ("▁", "<｜tool▁outputs▁begin｜>", ("<｜tool▁calls▁begin｜>",)),
    ("\n", "\nObservation:", ("\nAction Input:", "\nAction:")),
)
"""A sign that most texts lack, what begins a tool's reply, and the calls that stand before it: Hermes and Qwen2.5,
Anthropic, Mistral, Qwen-Agent, DeepSeek, ReAct.
"""
_HUMAN = re.compile(r"^(?:### ?)?(?:Human|USER|User|Instruction): ?", re.MULTILINE)
_MACHINE = re.compile(r"^(?:### ?)?(?:Assistant|ASSISTANT|Response): ?", re.MULTILINE)


def traits_of(text: str, system: str | None = None) -> tuple[str, ...]:
    """The words for a text. `system` is given for an answer: the system prompt of its row, "" where there is none.

    `base64`: a run of 512 letters and digits as base64 has them. `replacement`: U+FFFD. `mojibake`: two or more
    characters that are UTF-8 read as something else. `foreign-template`: control tokens or role marks of other chat
    templates. `added-token`: what is one token for later models than Qwen2-VL. Of answers also `repetition`: the end
    repeats itself; `tool-reply`: a tool's reply stands after a call; `system-leak`: it holds the system prompt.
    """
    found = []
    if len(text) >= BASE64_CHARACTERS and _is_blob(text):
        found.append("base64")
    if not text.isascii():
        if "\ufffd" in text:
            found.append("replacement")
        if _is_mojibake(text):
            found.append("mojibake")
    if _is_foreign(text):
        found.append("foreign-template")
    if _holds_added(text):
        found.append(ADDED)
    if system is not None:
        if len(text) >= TAIL and _repeats(text):
            found.append("repetition")
        if _holds_reply(text):
            found.append("tool-reply")
        if QWEN_SYSTEM in text or (len(system) >= LEAK_CHARACTERS and system in text):
            found.append("system-leak")
    return tuple(found)


def _holds_added(text: str) -> bool:
    begins = "<" in text and ("<t" in text or "</t" in text or "<|f" in text or "<|r" in text)
    return begins and any(token in text for token in (*LATER_TOKENS, *LATEST_TOKENS))


def _is_blob(text: str) -> bool:
    """Letters of both cases and digits: a run of equal letters, or a long word of hexadecimal digits, is none."""
    if not _has_long_word(text):
        return False
    for match in _BASE64.finditer(text):
        run = match[0]
        if len(set(run)) >= 32 and any(map(str.isdigit, run)) and run.lower() != run and run.upper() != run:
            return True
    return False


def _has_long_word(text: str) -> bool:
    """Whether _WINDOW characters of ASCII without a space follow each other somewhere; a run of twice as many is found
    for certain.
    """
    begin = 0
    while begin <= len(text) - _WINDOW:
        space = text.rfind(" ", begin, begin + _WINDOW)
        if space < 0 and text[begin : begin + _WINDOW].isascii():
            return True
        begin = begin + _WINDOW if space < 0 else space + 1
    return False


def _is_mojibake(text: str) -> bool:
    """All but the last of what is looked for begins with a letter between U+00C0 and U+00FF, 0xC3 in UTF-8."""
    if "锟" not in text and not _holds_c3(text):
        return False
    return len(_MOJIBAKE.findall(text)) > 1


def _holds_c3(text: str) -> bool:
    for begin in range(0, len(text), _STEP):
        if b"\xc3" in text[begin : begin + _STEP].encode("utf-8", "surrogatepass"):
            return True
    return False


def _is_foreign(text: str) -> bool:
    marked = "<" in text and ("<|" in text or "<｜" in text)  # one character is found the fastest
    marked = marked or (">" in text and ("SYS>>" in text or "_of_turn>" in text)) or ("]" in text and "INST]" in text)
    if marked and _FOREIGN.search(text):  # in each of its branches stands one of them
        return True
    spoken = ":" in text and ("ssistant:" in text or "ASSISTANT:" in text or "Response:" in text)
    return spoken and _MACHINE.search(text) is not None and _HUMAN.search(text) is not None


def _holds_reply(text: str) -> bool:
    """Whether the reply of a tool stands after a call. A reply alone is somebody's example, a call alone is a call."""
    for sign, reply, calls in _REPLIES:
        if sign in text and reply in text:
            end = text.rfind(reply)
            if any(0 <= text.find(call) < end for call in calls):
                return True
    return False


def _repeats(text: str) -> bool:
    """Whether the end of a text has a short period that is more than rules of signs and white space."""
    tail = text.rstrip()[-TAIL:]
    if len(tail) < TAIL:
        return False
    place = tail.rfind(tail[-PERIOD:], 0, TAIL - 1)
    period = TAIL - PERIOD - place
    return place >= 0 and period <= PERIOD and tail[period:] == tail[:-period] and any(map(str.isalnum, tail[-period:]))

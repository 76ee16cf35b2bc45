"""Chat templates: a message becomes pieces of text and media slots, ready to be encoded.

Source: LLaMA-Factory `template.py` and `formatter.py`. The wording is Qwen's published prompt format; every
character of it is counted. The templates themselves stand with their trainers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.nearest import did_you_mean
from validator.records.arrow import Int32
from validator.tokens.known_templates import LATER, NONE, OF_TOKENIZER, known_templates
from validator.tokens.processor import Processor

DEFAULT_SYSTEM = "You are a helpful assistant."
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
PAD_TOKENS: dict[MediaKind, str] = {"image": "<|image_pad|>", "video": "<|video_pad|>"}
_SLOT = re.compile("(<image>|<video>)")
_KINDS: dict[str, MediaKind] = {PLACEHOLDERS[kind]: kind for kind in PAD_TOKENS}
SLOTS = tuple(_KINDS)
"""The placeholders that are expanded."""
HEADER = "<|im_start|>assistant\n"
SYSTEM = ("<|im_start|>system\n", "<|im_end|>\n")
USER = ("<|im_start|>user\n", f"<|im_end|>\n{HEADER}")
ANSWER = ("", "<|im_end|>\n")
QWEN = {"user": USER, "observation": USER, "assistant": ANSWER, "function": ANSWER}
"""What stands around the text of each role where the header of an answer belongs to the question before it."""


@dataclass(frozen=True, slots=True)
class MediaSlot:
    """Where a placeholder stood in a message, and which medium of its kind (0-based) is put there."""

    kind: MediaKind
    index: Int32


Piece = str | MediaSlot


@dataclass(frozen=True, slots=True)
class Thoughts:
    """What a reasoning template does with the thoughts of answers. `enabled` is the trainer's enable_thinking: true,
    false (none is left) or null. `forgets`: those of all answers but the last are taken out, and only the last answer
    is given an empty one. `preserves`: the template's own preserve_thinking, where nothing is said; `effort`: the
    trainer's reasoning_effort. `begin` and `end` stand around a thought.
    """

    enabled: bool | None = True
    forgets: bool = False
    preserves: bool = False
    effort: str = "xhigh"
    begin: str = "<think>\n"
    end: str = "\n</think>\n\n"

    @property
    def empty(self) -> str:
        """What an answer without a thought is given: as a label where thinking is enabled, else before it."""
        return self.begin + self.end

    def without(self, text: str) -> str:
        """A text without its thoughts, and without the line feeds that it then begins with."""
        if self.begin in text:
            pieces, place = [], 0
            while (start := text.find(self.begin, place)) >= 0:
                stop = text.find(self.end, start + len(self.begin))
                if stop < 0:
                    break
                pieces.append(text[place:start])
                place = stop + len(self.end)
            text = "".join(pieces) + text[place:]
        return text.lstrip("\n")

    def are_in(self, text: str) -> bool:
        """Whether a text has the beginning or the end of a thought."""
        return self.begin.strip() in text or self.end.strip() in text

    def taken(self, place: int, of: int) -> bool:
        """Whether the answer at a place among the turns of a row loses its thoughts."""
        return self.enabled is False or (self.forgets and place < of - 1)

    def given(self, place: int, of: int) -> bool:
        """Whether the answer at a place is given an empty thought where it has none."""
        return not self.forgets or place == of - 1


@dataclass(frozen=True, slots=True)
class Template:
    """How a trainer writes turns. `frames` are what stands around the text of each role: nothing or a
    line, and a special token with what follows it; `response` stands within those of observations; `separator` stands
    before each question but the first; `calls` rewrites the JSON of a function call, `tools` makes the part of
    the system prompt that describes tools; both raise what the trainer raises. `expands_all`: it is LLaMA-Factory's,
    which rewrites calls and numbers; the others are those of transformers, which write messages as they are.
    `slot` matches the placeholders, in the content of the roles `parted`. `repairs`: placeholders without a medium stay
    text, and those in the system prompt count. `thoughts`: it is one of those that care for thoughts.
    `strips_tools`: the part about tools begins without line feeds where nothing stands before it. `clip`: what stands
    around all frames of a video that is told with their times.
    """

    frames: Mapping[str, tuple[str, str]]
    calls: Callable[[str], str]
    tools: Callable[[Any], str]
    response: tuple[str, str] = ("", "")
    separator: str = ""
    expands_all: bool = True
    default_system: str = DEFAULT_SYSTEM
    slot: re.Pattern[str] = _SLOT
    parted: frozenset[str] = frozenset(("user", "observation", "assistant", "function", "system"))
    repairs: bool = False
    thoughts: Thoughts | None = None
    strips_tools: bool = False
    clip: tuple[str, str] = ("", "")

    def system(self, sample: Sample, default_system: str | None) -> str:
        """The system turn, present in nearly every sample. Raises what the trainer raises on broken tools or a
        non-string.
        """
        before, after = SYSTEM
        if not self.expands_all:
            if sample.system is None and (not sample.turns or sample.turns[0].role == "system"):
                return ""
            return before + (DEFAULT_SYSTEM if sample.system is None else sample.system) + after
        text = sample.system or (self.default_system if default_system is None else default_system)
        prompt = self.tools(sample.tools) if sample.tools else ""
        if not text and not sample.tools:
            return ""
        if self.strips_tools and not text:
            prompt = prompt.lstrip("\n")
        return before + (text + prompt) + after

    def turn(
        self, role: str, content: str, pair: int, slots: Sequence[MediaSlot], *, thoughtless: bool = False
    ) -> tuple[str, list[Piece], str]:
        """One message: what stands before it, its text pieces and media slots, alternating, text first and last, and
        what stands after it.

        `pair` is the number of the question and answer that it belongs to; `slots` are what its placeholders stand for,
        in order; `thoughtless`: its thoughts are taken out first. Raises what the trainer raises on a broken function
        call.
        """
        if role not in self.frames:  # a null role becomes "system" where `tags` is incomplete
            raise NotImplementedError(f"Unexpected role: {role}")
        calls = role == "function" and self.expands_all
        if calls or thoughtless:
            pieces = self._rewritten(content, slots, calls=calls, thoughtless=thoughtless)
        else:
            pieces = list(self.parts(content, slots)) if slots else [content]
            pieces[1::2] = slots
        if role == "observation":
            pieces[0] = self.response[0] + str(pieces[0])
            pieces[-1] = str(pieces[-1]) + self.response[1]
        elif role == "user" and self.expands_all:
            pieces = _number(pieces, pair)
        before, after = self.frames[role]
        if self.separator and pair and role in ("user", "observation"):
            before = self.separator + before
        return before, pieces, after

    def around(self, sample: Sample, index: int) -> tuple[str, str] | None:
        """What stands around a turn where that depends on its neighbours; None where `frames` say it."""
        return None

    def content(self, sample: Sample, index: int) -> Any:
        """What of a turn is written."""
        return sample.turns[index].content

    def slots_in(self, content: str, taken: dict[MediaKind, int], sample: Sample) -> list[MediaSlot]:
        """What the placeholders of a text stand for, in order. `taken`: placeholders of each kind in the turns before,
        which is counted on.
        """
        slots: list[MediaSlot] = []
        if "<" not in content or not any([word in content for word in SLOTS]):  # noqa: C419  # faster than the pattern
            return slots
        for placeholder in self.slot.findall(content):
            kind = _KINDS[placeholder]
            if self.repairs and taken[kind] >= len(sample.media.get(kind, ())):
                continue
            slots.append(MediaSlot(kind, taken[kind]))
            taken[kind] += 1
        return slots

    def parts(self, content: str, slots: Sequence[MediaSlot]) -> list[str]:
        """A text split at the placeholders that stand for its slots: text and placeholder alternate. Surplus ones of
        each kind are its last, and stay text.
        """
        if not self.repairs:
            return self.slot.split(content, len(slots))
        left = Counter(slot.kind for slot in slots)
        parts, place = [], 0
        for match in self.slot.finditer(content):
            kind = _KINDS[match[0]]
            if left[kind]:
                left[kind] -= 1
                parts += [content[place : match.start()], match[0]]
                place = match.end()
        return [*parts, content[place:]]

    def with_times(
        self, content: str, slots: Sequence[MediaSlot], times: Sequence[Sequence[str]]
    ) -> tuple[str, list[MediaSlot]]:
        """A text and its slots with each <video> in the place of each two of its frames, behind their time: as many as
        there are `times` of it.
        """
        parts = self.parts(content, slots)
        texts, places = [parts[0]], []
        for slot, placeholder, after in zip(slots, parts[1::2], parts[2::2], strict=True):
            written, around = ([*times[slot.index]], self.clip) if slot.kind == "video" else ([""], ("", ""))
            texts += [around[0], *(time + placeholder for time in written), around[1], after]
            places += [slot] * len(written)
        return "".join(texts), places

    def _rewritten(self, content: str, slots: Sequence[MediaSlot], *, calls: bool, thoughtless: bool) -> list[Piece]:
        """Text that is rewritten after its placeholders are expanded: a slot may move or vanish with what it is in."""

        def rewrite(text: str) -> str:
            if thoughtless:
                assert self.thoughts is not None
                text = self.thoughts.without(text)
            return self.calls(text) if calls else text

        if not slots:
            return [rewrite(content)]
        mark = next(mark for mark in map(chr, range(0xE000, 0xF8FF)) if mark not in content)
        numbers = iter(range(len(slots)))
        try:
            text = rewrite(self.slot.sub(lambda _: f"{mark}{next(numbers)}{mark}", content))
        except RuntimeError:
            raise RuntimeError(f"Invalid JSON format in function message: {[content]!s}.") from None
        pieces: list[Piece] = list(text.split(mark))
        pieces[1::2] = [slots[int(str(number))] for number in pieces[1::2]]
        return pieces


def check_named(named: str | None) -> None:
    """Raise ValueError where there is no template of this name."""
    if named is not None and named not in (*known_templates(), *LATER, OF_TOKENIZER, NONE):
        raise ValueError(f"There is no template {named}.{did_you_mean(named, known_templates())}")


def not_reproduced(trainer: str, processor: Processor, named: str | None = None) -> ValueError:
    """Of a model for which a trainer's template is not reproduced; of one that is `named`, and that it has not."""
    if named is not None and named not in processor.family.templates[:1]:
        return ValueError(f"{trainer} has no template {named}.")
    return ValueError(f"--processor {processor.name}: {trainer} with {processor.family.name} is not reproduced")


def _number(pieces: list[Piece], pair: int) -> list[Piece]:
    """The trainer's user template replaces the first literal {{idx}} by the number of the pair."""
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and "{" in piece and "{{idx}}" in piece:
            pieces[index] = piece.replace("{{idx}}", str(pair), 1)
            break
    return pieces

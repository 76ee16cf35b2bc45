"""LLaMA-Factory's checks of placeholders. Source: `mm_plugin.py`, `_validate_messages` and `process_messages`."""

from __future__ import annotations

from validator.conversation.sample import PLACEHOLDERS, MediaKind, Sample
from validator.tokens.encode import TrainerError


def check_counts(sample: Sample) -> None:
    """As many placeholders as media, before any image is opened. Raises TrainerError."""
    counts = dict.fromkeys(PLACEHOLDERS, 0)
    for turn in sample.turns:
        if isinstance(turn.content, str) and "<" not in turn.content:
            continue
        for kind, placeholder in PLACEHOLDERS.items():
            try:
                counts[kind] += turn.content.count(placeholder)
            except (AttributeError, TypeError) as error:
                raise TrainerError("content-type", error, turn.index) from None
    for kind, placeholder in PLACEHOLDERS.items():
        if counts[kind] != len(sample.media.get(kind, ())):
            text = f"The number of {kind}s does not match the number of {placeholder} tokens in"
            raise TrainerError("count-mismatch", ValueError(text))


def check_while_expanding(sample: Sample) -> None:
    """Before 0.9.3 a wrong number is found while placeholders are replaced, turn by turn. Raises TrainerError."""
    kinds: tuple[MediaKind, ...] = ("image", "video")
    left = {kind: len(sample.media.get(kind, ())) for kind in kinds}
    for turn in sample.turns:
        for kind in kinds:
            placeholder = PLACEHOLDERS[kind]
            try:
                number = turn.content.count(placeholder) if placeholder in turn.content else 0
            except (AttributeError, TypeError) as error:
                raise TrainerError("content-type", error, turn.index, "encode") from None
            left[kind] -= number
            if left[kind] < 0:
                text = f"`len({kind}s)` is less than the number of {placeholder} tokens."
                raise TrainerError("count-mismatch", ValueError(text), None, "encode")
    for kind in kinds:
        if left[kind]:
            text = f"The number of {kind}s does not match the number of {PLACEHOLDERS[kind]} tokens."
            raise TrainerError("count-mismatch", ValueError(text), None, "encode")

"""What the trainer makes of a measured row under a run's limits. No file is opened and no text is encoded here, so a
finished run can be settled again under others.
"""

from __future__ import annotations

from validator.facts.budget import Limits, slot_tokens, spend
from validator.facts.record import RowFacts
from validator.media.video import LATER


def settle(facts: RowFacts, limits: Limits) -> None:
    """Set outcome, trainer_error and counts of a row. Earlier ones are replaced.

    The trainer's order: it loads and converts the row, opens and resizes one medium after the other, encodes the text.
    """
    facts.trainer_error, facts.budget, facts.image_tokens = None, None, []
    facts.num_tokens = facts.num_tokens_full = facts.num_text_tokens = None
    facts.num_image_tokens = facts.num_video_tokens = facts.num_label_tokens = None
    if facts.outcome in ("dropped", "unchecked"):
        return
    unconverted = _problem(facts, "convert")
    error = unconverted or _media_error(facts, limits) or _problem(facts, "encode")
    if error is not None:
        trainer = limits.trainer
        stops = facts.refused or (trainer.stops_at_conversion if unconverted else trainer.stops_at_failures)
        facts.outcome, facts.trainer_error = "crash" if stops else "dropped", error
        return
    facts.outcome = "ok"
    budget = spend(facts.turns, facts.media, limits)
    if budget.num_tokens_full > limits.cutoff_len:
        error = limits.trainer.too_long(budget.num_tokens_full, limits.cutoff_len)
        if error is not None:
            facts.outcome, facts.trainer_error = "crash" if limits.trainer.stops_at_failures else "dropped", error
            return
    if not budget.num_label_tokens and (error := limits.trainer.unlearned(facts.turns)) is not None:
        facts.outcome, facts.trainer_error = "dropped", error
        return
    facts.budget = budget
    facts.num_tokens, facts.num_tokens_full = budget.num_tokens, budget.num_tokens_full
    facts.num_image_tokens, facts.num_video_tokens = budget.num_image_tokens, budget.num_video_tokens
    facts.num_text_tokens = budget.num_tokens - budget.num_image_tokens - budget.num_video_tokens
    facts.num_label_tokens = budget.num_label_tokens
    facts.image_tokens = list(budget.image_tokens)
    if limits.trainer.removes_cut_media:
        facts.image_tokens = _whole(facts.image_tokens, budget.num_image_tokens)


def _whole(tokens: list[int], left: int) -> list[int]:
    """The tokens of each image, 0 of those behind the first that is not fed."""
    fed = []
    for number in tokens:
        left = left - number if number <= left else -1
        fed.append(number if left >= 0 else 0)
    return fed


def _problem(facts: RowFacts, stage: str) -> str | None:
    for problem in facts.problems:
        if problem.stage == stage:
            return problem.exception if problem.kind == "unparsable" else f"{problem.exception}: {problem.message}"
    return None


def _media_error(facts: RowFacts, limits: Limits) -> str | None:
    """The first medium, images before videos, that cannot be opened or resized."""
    for media in facts.media:
        if media.kind == "audio":
            continue
        if media.probe.fault is not None and media.probe.fault not in LATER:
            return f"{media.probe.exception or 'OSError'}: {media.probe.message or ''}"[:300]
        try:
            slot_tokens(media, limits)
        except (ValueError, ZeroDivisionError) as error:
            return f"{type(error).__name__}: {error}"
    return None

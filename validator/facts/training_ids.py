"""The ids and labels themselves, as the trainer feeds them: facts need only counts, this proves them."""

from __future__ import annotations

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaKind, Sample
from validator.facts.budget import Limits
from validator.facts.measure import Measurer
from validator.facts.record import Budget, RowFacts
from validator.facts.settle import settle
from validator.facts.stretches import keep, stretches
from validator.tokens.encode import EncodedTurn, encode_turns, flatten
from validator.tokens.template import PAD_TOKENS
from validator.trainer import Trainer

IGNORED = -100
"""The label of a token that is not learned."""


def training_ids(measurer: Measurer, raw: RawRow) -> tuple[list[int], list[int]] | None:
    """`input_ids` and `labels` of one row (equal lengths), None where the trainer yields none."""
    (facts,) = measurer.measure([raw])
    settle(facts, measurer.limits)
    budget = facts.budget
    if budget is None:
        return None
    sample = measurer.convert(raw)
    measurer.write_objects(sample, facts.media)
    if measurer.trainer.reading == "swift":
        return _lay_out_stretches(measurer, sample, facts)
    return lay_out(spelled_turns(measurer, sample, budget), budget, measurer.limits)


def spelled_turns(measurer: Measurer, sample: Sample, budget: Budget) -> list[tuple[EncodedTurn, list[int]]]:
    """Every turn of a row that the trainer accepts, with all its ids; a system prompt comes first."""
    tokens: dict[MediaKind, tuple[int, ...]] = {"image": budget.image_tokens, "video": budget.video_tokens}
    turns = encode_turns(sample, measurer.processor, measurer.settings.default_system, measurer.template)
    return [(turn, flatten(turn, measurer.processor, tokens)) for turn in turns]


def lay_out(
    spelled: list[tuple[EncodedTurn, list[int]]], budget: Budget, limits: Limits
) -> tuple[list[int], list[int]]:
    """Cut turns to their budget and join them, the trainer's way: `input_ids` and `labels`."""
    if limits.trainer.truncation == "end":
        return _lay_out_whole(spelled, budget, limits.trainer)
    return _lay_out_pairs([ids for _, ids in spelled], budget, limits)


def _lay_out_pairs(flat: list[list[int]], budget: Budget, limits: Limits) -> tuple[list[int], list[int]]:
    """Cut each question and answer at its own end."""
    if len(flat) % 2:  # the system prompt belongs to the first question
        flat = [flat[0] + flat[1], *flat[2:]]
    ids: list[int] = []
    labels: list[int] = []
    for index, pair in enumerate(budget.pairs):
        source = flat[2 * index][: pair.kept_source]
        target = flat[2 * index + 1][: pair.kept_target]
        learned = not limits.mask_history or index == len(budget.pairs) - 1
        ids += source + target
        labels += source if limits.train_on_prompt else [IGNORED] * len(source)
        labels += target if learned else [IGNORED] * len(target)
    return ids, labels


def _lay_out_whole(
    spelled: list[tuple[EncodedTurn, list[int]]], budget: Budget, trainer: Trainer
) -> tuple[list[int], list[int]]:
    """Join turns and cut them at the end."""
    ids: list[int] = []
    labels: list[int] = []
    for turn, mine in spelled:
        ids += mine
        if trainer.labels == "all":
            labels += mine
        elif turn.turn is not None and turn.turn.role in ("assistant", "function"):
            labels += [IGNORED] * trainer.header + mine[trainer.header :]
        else:
            labels += [IGNORED] * len(mine)
    return ids[: budget.num_tokens], labels[: budget.num_tokens]


def _lay_out_stretches(measurer: Measurer, sample: Sample, facts: RowFacts) -> tuple[list[int], list[int]]:
    """Join turns, each pad still one token, and take what is left of each stretch."""
    assert facts.budget is not None
    limits, processor = measurer.limits, measurer.processor
    one: dict[MediaKind, list[int]] = {kind: [1] * len(facts.of_kind(kind)) for kind in ("image", "video")}
    turns = encode_turns(sample, processor, measurer.settings.default_system, measurer.template)
    written = iter([token for turn in turns for token in flatten(turn, processor, one)])
    pads = {kind: processor.token_id(token) for kind, token in PAD_TOKENS.items()}
    made = stretches(facts.turns, {"image": facts.budget.image_tokens, "video": facts.budget.video_tokens})
    ids: list[int] = []
    labels: list[int] = []
    for stretch, (start, stop) in zip(made, keep(made, limits.cutoff_len, limits.trainer.truncation), strict=True):
        if stretch.kind == "text":
            tokens = [next(written) for _ in range(stretch.tokens)][start:stop]
        else:
            pad = next(written)
            assert pad == pads[stretch.kind]
            tokens = [pads[stretch.kind]] * (stop - start)
        ids += tokens
        labels += tokens if stretch.learned else [IGNORED] * len(tokens)
    return ids, [IGNORED, *labels[1:]]

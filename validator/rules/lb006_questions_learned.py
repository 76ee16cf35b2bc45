"""Questions that are learned like answers, because nothing masks them.

## What it finds
Data with `messages` under TRL and unsloth as they are set up by default, where every token of text is a label, and
under axolotl with `train_on_inputs: true`. Once per entry.

## Why it matters
The model is trained to write the users' questions and system prompts too, the times of frames that Qwen3-VL is told of
a video, which may be thousands of labels, and under TRL the placeholders of image patches, which are most of the labels
of a row with a picture. Who fine-tunes an assistant usually means the answers.

## Example
`SFTTrainer` with rows of `messages` and no `assistant_only_loss`; `UnslothVisionDataCollator` without
`train_on_responses_only`.

## What to do
TRL: `assistant_only_loss=True` in SFTConfig (`--assistant-only-loss`). unsloth: `train_on_responses_only=True` with
`instruction_part` and `response_part` (`--train-on-responses-only`); or write rows as `prompt` and `completion`.
axolotl: leave `train_on_inputs` out.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.catalog.entry import OWN
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.noticed import Noticed
from validator.rules.scope import learning_questions
from validator.trainers.layout import HEADS, UNLEARNED

_MASKS = frozenset((UNLEARNED, *HEADS))


_INSTEAD = {
    "assistant_only_loss": "Set assistant_only_loss=True in SFTConfig, or write prompt and completion.",
    "train_on_responses_only": "Give the collator train_on_responses_only=True, or write prompt and completion.",
    "train_on_prompt": "Leave train_on_inputs out.",
}
"""By the setting that a trainer has."""


def fold(noticed: Noticed, case: Case) -> None:
    """Add a row whose questions are labels."""
    facts = case.facts
    if not facts.num_label_tokens or case.settings.train_on_responses_only:
        return
    if "train_on_prompt" in case.limits.trainer.options and not case.limits.train_on_prompt:
        return
    if facts.media:
        learned = all(_MASKS.isdisjoint(turn.traits) for turn in facts.turns)
    else:
        learned = facts.num_label_tokens == facts.num_tokens
    if learned:
        noticed.add(facts)


def finish(noticed: Noticed, entry: EntryFacts) -> Iterator[Hit]:
    """Say it once."""
    if noticed.rows and entry.entry is not None and entry.entry.formatting == OWN:
        yield Hit(
            f"questions are learned like answers: {noticed}",
            next(text for option, text in _INSTEAD.items() if option in entry.settings.profile.options),
            evidence={"rows": noticed.rows},
        )


RULE = corpus_rule(
    "LB006", "questions-learned", "info", CorpusCheck(finish, Noticed, fold, Noticed.merge), trainers=learning_questions
)

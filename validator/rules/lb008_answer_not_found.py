"""An answer that begins with a line feed is not learned.

## What it finds
Answers whose first characters are white space that holds a line feed, under NeMo AutoModel and axolotl, and under
unsloth with `train_on_responses_only`.

## Why it matters
These look for the tokens of `<|im_start|>assistant` and a line feed, and learn what stands behind them. Where the
answer begins with a line feed too, the tokenizer makes one token of both, and the answer is not found: it is fed, and
not learned. NeMo AutoModel and axolotl log nothing; unsloth warns once, and only where a row has no other
answer (LB001).

## Example
`"\\n\\nThe picture shows a cat."`

## What to do
Remove the line feeds at the beginning of the answer. Under unsloth the first answer of a `completion` is found
whatever it begins with.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import finding_answers


@row_rule("LB008", "answer-not-found", "error", needs="problems", trainers=finding_answers)
def check(case: Case) -> Iterator[Hit]:
    """Report each answer."""
    if "train_on_responses_only" in case.limits.trainer.options and not case.settings.train_on_responses_only:
        return
    if case.limits.train_on_prompt:  # all is learned, whatever is found
        return
    for problem in case.facts.problems:
        if problem.kind == "answer-not-found":
            yield Hit(
                f"the answer in turn {problem.turn} begins with a line feed: it is fed, and not learned",
                "Remove the white space at the beginning of the answer.",
                turn=problem.turn,
            )


RULE = check

"""A row without an answer to learn, or that begins with it.

## What it finds
Rows without any answer, without any message, or whose first message is an answer that is learned.

## Why it matters
LLaMA-Factory v1 makes a sample of each answer, whose prompt is what stands before it. A row without an answer is a
sample as a whole: `ValueError: training render expects the last message to be the supervised assistant turn`. Nothing
stands before an answer that begins a row: `IndexError: list index out of range`. Training stops when the row comes into
a batch.

## Example
A greeting of the assistant that opens the conversation.

## What to do
Put a question or a system message before it, or remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting
from validator.rules.wording import fails_with


@row_rule("CV023", "no-answer-to-split-at", "error", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report the row."""
    for problem in case.facts.problems:
        if problem.kind == "nothing-to-learn":
            what = "the row has no answer"
            if problem.turn is None:
                what = "the row has no message"
            elif problem.exception == "IndexError":
                what = "the row begins with an answer"
            yield Hit(
                f"{what}: {fails_with(case.facts, problem.exception, problem.message)}",
                "Put a question or a system message before the first answer, or remove the row.",
                turn=problem.turn,
            )


RULE = check

"""An answer that begins with a line feed.

## What it finds
Answers whose first characters are white space that holds a line feed, in trainers that find the label by a prompt.

## Why it matters
The header of an answer ends with a line feed, and the tokenizer makes one token of several. LLaMA-Factory v1 takes for
labels what stands behind the tokens of the prompt, and stops where these are not how the whole begins: `ValueError:
prompt is not a token-prefix of the full sequence`. It does so when the row comes into a batch.

## Example
`"\\n\\nThe picture shows a cat."`

## What to do
Remove the line feeds at the beginning of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import splitting
from validator.rules.wording import fails_with


@row_rule("LB007", "answer-joins-its-header", "error", needs="problems", trainers=splitting)
def check(case: Case) -> Iterator[Hit]:
    """Report the answer that stops the trainer."""
    for problem in case.facts.problems:
        if problem.kind == "header-joined":
            yield Hit(
                f"the answer in turn {problem.turn} begins with a line feed: "
                f"{fails_with(case.facts, problem.exception, problem.message)}",
                "Remove the white space at the beginning of the answer.",
                turn=problem.turn,
            )


RULE = check

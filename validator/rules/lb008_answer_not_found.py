"""An answer that begins with a line feed is not learned.

## What it finds
Answers whose first characters are white space that holds a line feed.

## Why it matters
NeMo AutoModel looks for the tokens of `<|im_start|>assistant` and a line feed, and learns what stands behind them.
Where the answer begins with a line feed too, the tokenizer makes one token of both, and the answer is not found: it is
fed, and not learned. Nothing is logged.

## Example
`"\\n\\nThe picture shows a cat."`

## What to do
Remove the line feeds at the beginning of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import replacing


@row_rule("LB008", "answer-not-found", "error", needs="problems", trainers=replacing)
def check(case: Case) -> Iterator[Hit]:
    """Report each answer."""
    for problem in case.facts.problems:
        if problem.kind == "answer-not-found":
            yield Hit(
                f"the answer in turn {problem.turn} begins with a line feed: it is fed, and not learned",
                "Remove the white space at the beginning of the answer.",
                turn=problem.turn,
            )


RULE = check

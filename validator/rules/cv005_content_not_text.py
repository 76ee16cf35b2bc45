"""The content of a message is not a string: null, a list or a number; or the tokenizer fails on it.

## What it finds
Messages (and system prompts) whose content is not a string. Lists of parts, as chat APIs use them, are among these.
Where some contents of a file are text and some are parts its loader refuses it: that is DI004, reported once. Under
`trl` parts of text, and parts of images that stand in the images column, are read as TRL reads them and are not
reported. Also texts at which the `tokenizers` library panics: those with about ten million characters of white space in
a row.

## Why it matters
The run stops while tokenizing: `AttributeError: 'NoneType' object has no attribute 'count'`, or `RuntimeError: Expected
a string, got [...]` (LLaMA-Factory#10116). Under `qwen-vl-utils` a question is left out with its row, and an answer is
learned as its Python representation, brackets and quotes included. A panic (`PanicException`, "retry-limit-in-match
over") passes every `except Exception` and ends the process.

## Example
```json
{"role": "assistant", "content": null}
```

## What to do
Give the turn its text. For a list of parts that means the text with `<image>` in the place of each image, and the paths
in the images column, which `columns` must name: `mmvalidate export --fix` writes this wherever it is unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.conversation.parts import ADVICE, AMONG_TEXT
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import converted, fails_with


@row_rule("CV005", "content-not-text", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report the turn whose content stops the trainer."""
    in_parts = {problem.turn: problem.message for problem in case.facts.problems if problem.kind == "content-parts"}
    for problem in case.facts.problems:
        if problem.kind == "tokenizer-panic":
            fails = fails_with(case.facts, problem.exception, problem.message)
            yield Hit(
                f"the tokenizer fails on the text of the message: {fails}",
                "Shorten the white space in the text, or remove the row.",
                turn=problem.turn,
            )
        elif problem.kind == "content-type" and problem.turn in in_parts:
            if in_parts[problem.turn] != AMONG_TEXT:
                stops = fails_with(case.facts, problem.exception, problem.message)
                yield Hit(f"the message content is a list of parts: {stops}", ADVICE, turn=problem.turn)
        elif problem.kind == "content-shown":
            yield Hit(
                f"the message content is not a string; the model learns its Python representation: {problem.message}",
                "Make the content a string.",
                turn=problem.turn,
            )
        elif problem.kind == "content-type" and not converted(case.facts):
            yield Hit(
                f"the message content is not a string: {fails_with(case.facts, problem.exception, problem.message)}",
                "Make the content a string.",
                turn=problem.turn,
            )


RULE = check

"""The content of a turn is null, a list, or anything but a string; or no tokenizer takes it.

## What it finds
Turns (and system prompts) whose content is no string. Lists of parts, as chat APIs use them, are among these. Where
some contents of a file are text and some are parts its loader refuses it: that is DI004, said once. Under `hf` parts
of text, and parts of images that stand in the images column, are read as TRL reads them and are no fault. Also texts at
which the `tokenizers` library panics: those with about ten million characters of white space in a row.

## Why it hurts
The run stops while tokenizing: `AttributeError: 'NoneType' object has no attribute 'count'`, or
`RuntimeError: Expected a string, got [...]` (LLaMA-Factory#10116). Under `qwen-vl-utils` a question is left out with
its row, and an answer is learned as Python shows it: brackets, quotes and all. A panic (`PanicException`,
"retry-limit-in-match over") passes every `except Exception` and ends the process.

## Example
```json
{"role": "assistant", "content": null}
```

## What to do
Give the turn its text. Of parts that is the text with `<image>` where the picture stands, and the path of each picture
in the images column, which `columns` must name: `mmvalidate export --fix` writes that wherever it can mean one thing.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.conversation.parts import ADVICE, AMONG_TEXT
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import converted, stops_with


@row_rule("CV005", "content-not-text", "error", needs="problems", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report the turn whose content stops the trainer."""
    in_parts = {problem.turn: problem.message for problem in case.facts.problems if problem.kind == "content-parts"}
    for problem in case.facts.problems:
        if problem.kind == "tokenizer-panic":
            yield Hit(
                f"the tokenizer cannot take the text of the turn: {stops_with(problem.exception, problem.message)}",
                "Shorten the white space in the text, or remove the row.",
                turn=problem.turn,
            )
        elif problem.kind == "content-type" and problem.turn in in_parts:
            if in_parts[problem.turn] != AMONG_TEXT:
                stops = stops_with(problem.exception, problem.message)
                yield Hit(f"the content of the turn is a list of parts: {stops}", ADVICE, turn=problem.turn)
        elif problem.kind == "content-shown":
            yield Hit(
                f"the content of the turn is no text, and the model learns it as Python shows it: {problem.message}",
                "Make the content a string.",
                turn=problem.turn,
            )
        elif problem.kind == "content-type" and not converted(case.facts):
            yield Hit(
                f"the content of the turn is no text: {stops_with(problem.exception, problem.message)}",
                "Make the content a string.",
                turn=problem.turn,
            )


RULE = check

"""Columns of plain text: question and answer, a pair of answers, or text alone."""

from __future__ import annotations

from dataclasses import dataclass

from validator.catalog.foreign import SWIFT_REGISTRY
from validator.catalog.recognise.columns import Columns, ColumnValues, named, quoted

_PROMPTS = ("instruction", "prompt", "question", "query", "problem", "input", "user", "human")
_QUERIES = ("input", "context")
_RESPONSES = ("output", "response", "answer", "completion", "target", "solution", "assistant", "gpt")
_TEXTS = ("text", "content", "document", "raw_content", "body")
_PAIRS = (
    ("chosen", "rejected"),
    ("chosen_response", "rejected_response"),
    ("response_chosen", "response_rejected"),
    ("response", "rejected_response"),
)


@dataclass(frozen=True, slots=True)
class PlainTexts:
    """Which columns hold the texts, by their names in an entry, and what of that is unsure."""

    columns: dict[str, str]
    doubts: tuple[str, ...] = ()


def preference_in(columns: Columns) -> tuple[ColumnValues, ColumnValues] | None:
    """The columns of the better and the worse answer."""
    for names in _PAIRS:
        found = [column for column in named(columns, names) if column.values]
        if len(found) == 2:
            return found[0], found[1]
    return None


def question_and_answer(columns: Columns, pair: tuple[str, str] | None) -> PlainTexts | None:
    """The columns of question and answer; `pair`: those of answers that are compared."""
    prompts = [column for column in named(columns, _PROMPTS) if column.may_be_text]
    responses = [column for column in named(columns, _RESPONSES) if column.holds(lambda value: isinstance(value, str))]
    prompt = next((column for column in prompts if column.values), None)
    if prompt is None or not (pair or responses):
        return None
    found = {"prompt": prompt.name}
    doubts = []
    query = next((column for column in named(columns, _QUERIES) if column.may_be_text and column != prompt), None)
    if query is not None:
        found["query"] = query.name
        if query.name.lower() != "input":
            doubts.append(
                f"`{query.name}` is taken for what follows the question; take `query` out of `columns` where it does "
                "not."
            )
    others = [column.name for column in prompts if column.values and column.name not in found.values()]
    if others:
        doubts.append(f"{quoted(others)} may be the question too: `columns.prompt` names `{prompt.name}`.")
    if pair:
        return PlainTexts({**found, "chosen": pair[0], "rejected": pair[1]}, tuple(doubts))
    found["response"] = responses[0].name
    if len(responses) > 1:
        names = quoted(column.name for column in responses[1:])
        doubts.append(f"{names} may be the answer too: `columns.response` names `{responses[0].name}`.")
    return PlainTexts(found, tuple(doubts))


def text_alone(columns: Columns) -> PlainTexts | None:
    """The column of text for pre-training."""
    texts = [column for column in columns.values() if column.holds(lambda value: isinstance(value, str))]
    known = [column for column in named(columns, _TEXTS) if column in texts]
    chosen = next(iter(known), texts[0] if len(texts) == len(columns) == 1 else None)
    if chosen is None or chosen.name in SWIFT_REGISTRY:
        return None
    doubt = (
        f"`{chosen.name}` is text without an answer, for pre-training (stage pt): supervised fine-tuning takes none of "
        "its rows, and mmvalidate says so; name the answers as `columns.response` where there are some."
    )
    return PlainTexts({"prompt": chosen.name}, (doubt,))

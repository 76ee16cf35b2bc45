"""Alpaca rows -> samples. Source: LLaMA-Factory 0.9.5 `converter.py`, `AlpacaDatasetConverter`.

Turns are numbered in the order of the conversation: history first, then the question, then the answer.
"""

from __future__ import annotations

from typing import Any

from validator.catalog.entry import Entry
from validator.conversation.columns import show, take, take_media
from validator.conversation.media_paths import MediaColumns
from validator.conversation.sample import Sample, Turn
from validator.storage.media_files import MediaFiles


def convert(row: dict[str, Any], entry: Entry, files: MediaFiles, read: MediaColumns) -> Sample:
    """Convert one row (as seen through `RowView`). Faults become problems of the sample; nothing is raised."""
    sample = Sample()
    contents = _history(sample, row, entry)
    parts = [part for part in (take(sample, row, entry, "prompt"), take(sample, row, entry, "query")) if part]
    try:
        contents.append("\n".join(parts))
    except TypeError as error:
        sample.fail("content-type", error, len(contents))
        contents.append(None)
    answer = _answer(sample, row, entry)
    if isinstance(answer, str):
        contents.append(answer)
    elif not sample.crashed:
        sample.drop("no-answer", None, f"its answer is {'null' if answer is None else f'not text but {show(answer)}'}")
    sample.turns = [Turn(index, ("user", "assistant")[index % 2], text) for index, text in enumerate(contents)]
    sample.system = take(sample, row, entry, "system")
    sample.tools = take(sample, row, entry, "tools")
    take_media(sample, row, entry, files, read)
    return sample


def _history(sample: Sample, row: dict[str, Any], entry: Entry) -> list[Any]:
    history = take(sample, row, entry, "history")
    contents: list[Any] = []
    if not isinstance(history, list):
        return contents
    for pair in history:
        try:
            question, answer = pair
        except (TypeError, ValueError) as error:
            sample.fail("history-type", error, len(contents))
            return contents
        contents += [question, answer]
    return contents


def _answer(sample: Sample, row: dict[str, Any], entry: Entry) -> Any:
    """The answer that is learned: in ranking entries the chosen one."""
    if entry.ranking:
        chosen, rejected = (take(sample, row, entry, column) for column in ("chosen", "rejected"))
        return chosen if isinstance(rejected, str) else None
    return take(sample, row, entry, "response") if entry.columns["response"] else None

"""What the trainer's JSON loader makes of a json or jsonl file, whatever its layout."""

from __future__ import annotations

from pathlib import Path

from validator.catalog.array_survey import survey_array
from validator.catalog.json_rows import find_layout
from validator.catalog.line_survey import survey_lines
from validator.catalog.schema import Schema
from validator.catalog.survey import Grown, Survey, copy_of
from validator.storage.paths import look


def survey(path: Path, *, by_value: bool = False, grown: Grown | None = None) -> Survey:
    """Read a json or jsonl file as the trainer's loader would and report its schema and every refusal.

    `by_value`: the loader types an array as it types lines, whose texts are dates by their value; else pandas does.
    `grown`: what is known of a file's beginning; what comes out is the same.

    Raises OSError where the file cannot be read.
    """
    layout = find_layout(path)
    if layout != "lines":
        grown = None  # nothing was known but blank lines
    result = Survey(layout) if grown is None else copy_of(grown.checkpoint)
    if layout == "array":
        survey_array(path, result, by_value=by_value)
    elif layout != "empty":
        survey_lines(path, result, grown)
    if result.fixed is None and look(str(path)).size:
        result.fixed = Schema(dict(result.types))
    return result

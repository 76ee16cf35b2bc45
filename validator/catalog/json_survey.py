"""What the trainer's JSON loader makes of a json or jsonl file, whatever its layout."""

from __future__ import annotations

from pathlib import Path

from validator.catalog.array_survey import survey_array
from validator.catalog.json_rows import find_layout
from validator.catalog.line_survey import survey_lines
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey


def survey(path: Path, *, by_value: bool = False) -> Survey:
    """Read a json or jsonl file as the trainer's loader would and report its schema and every refusal.

    `by_value`: the loader types an array as it types lines, whose texts are dates by their value; else pandas does.

    Raises OSError where the file cannot be read.
    """
    layout = find_layout(path)
    result = Survey(layout)
    if layout == "array":
        survey_array(path, result, by_value=by_value)
    elif layout != "empty":
        survey_lines(path, result)
    if result.fixed is None and path.stat().st_size:
        result.fixed = Schema(dict(result.types))
    return result

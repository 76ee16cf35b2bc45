"""Raw rows of a json or jsonl file, one at a time, with the parser that the trainer's loader uses for that layout.

Source: `datasets` 4.0.0 `packaged_modules/json`. The layout is found from the content, not from the file name: a file
that begins with `[` is read by pandas' ujson, everything else by pyarrow's JSON reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from validator.catalog.json_values import CHUNK, TOO_LARGE, Fault, Value, split_values
from validator.storage.reading import open_bytes

Layout = Literal["array", "lines", "values", "empty", "parquet", "arrow", "csv", "text"]
"""How rows lie in a file; the first four are JSON's."""
BOM = b"\xef\xbb\xbf"
SPACE = b" \t\r\n"
"""JSON's white space: fewer characters than Python's."""
LONG_READS = 1 << 20
"""Bytes: a line of many megabytes is read in steps of these."""


@dataclass(slots=True)
class RawRow:
    """One raw row. `fault` says why the row could not be parsed; then `value` is None.

    `undecodable` names the columns with text that is not UTF-8, which are null in `value`: the loader takes such lines.
    `between`: no row, but something wrong before the row of this index. `unread`: this and what follows was not read.
    """

    index: int
    offset: int
    raw: bytes
    value: Any
    fault: str | None = None
    between: bool = False
    unread: bool = False
    undecodable: tuple[str, ...] = ()


DEEPEST = 63
"""Levels of nesting that a column may have: Arrow's writer refuses more."""
TOO_DEEP = f"the row nests more than {DEEPEST} levels deep"
_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def too_deep(raw: bytes) -> bool:
    """Whether the bytes of a row nest deeper than the loader takes."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    depth = deepest = 0
    for token in _BRACKETS.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest > DEEPEST


def find_layout(path: Path) -> Layout:
    """Tell how the rows of a JSON file are laid out: one array, one value a line, or values across lines."""
    with open_bytes(path, LONG_READS) as file:
        return layout_of(file)


def layout_of(file: BinaryIO) -> Layout:
    """The same of an opened file, or of the beginning of one."""
    head = file.read(CHUNK)
    head = head.removeprefix(BOM).lstrip(SPACE)
    while not head:
        chunk = file.read(CHUNK)
        if not chunk:
            return "empty"
        head = chunk.lstrip(SPACE)
    if head.startswith(b"["):
        return "array"
    line, newline, _ = head.partition(b"\n")
    if not newline:
        line += file.readline()
    with suppress(orjson.JSONDecodeError):
        orjson.loads(line)
        return "lines"
    pieces = list(split_values(BytesIO(line), array=False))
    return "lines" if all(isinstance(piece, Value) for piece in pieces) else "values"


def read_rows(path: Path, layout: Layout, *, loader_floats: bool = False) -> Iterator[RawRow]:
    """Yield every raw row of a JSON file in file order; a row that does not parse has a `fault`.

    `loader_floats`: read arrays with the loader's own parser, whose decimals can differ in the last digit (0.7 becomes
    0.7000000000000001). It matters where numbers are written into the prompt again.
    """
    with open_bytes(path) as file:
        offset = len(BOM) if layout != "lines" and file.read(len(BOM)) == BOM else 0
        file.seek(offset)
        yield from json_rows_of(file, layout, offset=offset, loader_floats=loader_floats)


def json_rows_of(
    file: BinaryIO, layout: Layout, *, index: int = 0, offset: int = 0, loader_floats: bool = False
) -> Iterator[RawRow]:
    """The rows of an opened file, or of a part of one whose first row has this index and begins at this offset."""
    if layout == "lines":
        yield from rows_of_lines(file, index, offset)
    elif layout in ("array", "values"):
        yield from _values(file, index, offset, array=layout == "array", loader_floats=loader_floats)


def rows_of_lines(lines: Iterable[bytes], index: int, offset: int) -> Iterator[RawRow]:
    """The rows on lines, of which the first row has this index and the first line begins at this offset."""
    for line in lines:
        raw = (line.removeprefix(BOM) if offset == 0 else line).strip(SPACE)
        if raw:
            for row in parse_line(raw, index, offset):
                yield row
                index += 1
        offset += len(line)


def parse_line(raw: bytes, index: int, offset: int) -> list[RawRow]:
    """The rows on one line: nearly always one; the loader also accepts several values on a line."""
    row = parse_row(raw, index, offset, array=False)
    if row.fault is None:
        return [row]
    pieces = list(split_values(BytesIO(raw), array=False))
    if len(pieces) > 1 and all(isinstance(piece, Value) for piece in pieces):
        rows = [
            parse_row(piece.raw, index + shift, offset + piece.offset, array=False)
            for shift, piece in enumerate(pieces)
            if isinstance(piece, Value)
        ]
        if all(row.fault is None for row in rows):
            return rows
    return [row]


def _values(file: BinaryIO, index: int, offset: int, *, array: bool, loader_floats: bool) -> Iterator[RawRow]:
    for piece in split_values(file, array=array):
        place = offset + piece.offset
        if isinstance(piece, Fault):
            raw = piece.value
            unread = piece.reason == TOO_LARGE
            yield RawRow(index, place, raw or b"", None, piece.reason, raw is None, unread)
            index += raw is not None
        else:
            row = parse_row(piece.raw, index, place, array=array)
            if array and loader_floats and row.fault is None and not ujson_refuses(piece.raw):
                row = replace(row, value=_loader_value(piece.raw))
            if array and not isinstance(row.value, dict):
                row = replace(row, value=_as_object(row.value))
            yield row
            index += 1


def _as_object(value: Any) -> Any:
    """What pandas makes of an element that is no object, where the first one is: what Python's `dict` does, if it can.

    Source: pandas 3.1 `internals/construction.py`, `_list_of_dict_to_arrays`.
    """
    try:
        made: dict[Any, Any] = dict(value)
    except (TypeError, ValueError):
        return value
    return made if all(isinstance(name, str) for name in made) else value


def parse_row(raw: bytes, index: int, offset: int, *, array: bool) -> RawRow:
    """Parse one value: orjson, and where it refuses, the more tolerant parser that the trainer's loader uses."""
    try:
        return RawRow(index, offset, raw, orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        reason = f"{error.msg} (character {error.pos + 1} of the row)"
    try:
        value = _loader_value(raw) if array else json.loads(raw.decode())
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text: pyarrow refuses it
    except UnicodeDecodeError as error:
        reason = f"the text is not UTF-8 (byte {error.start + 1} of the row)"
        return (None if array else _without_undecodable(raw, index, offset)) or RawRow(index, offset, raw, None, reason)
    except (ValueError, RecursionError):
        return RawRow(index, offset, raw, None, reason)
    return RawRow(index, offset, raw, value)


def _without_undecodable(raw: bytes, index: int, offset: int) -> RawRow | None:
    """The row without the columns that hold bytes which are no text; None where names of columns are no text."""
    try:
        value = json.loads(raw.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not _is_text(list(value)):
        return None
    lost = tuple(name for name, item in value.items() if not _is_text(item))
    return RawRow(index, offset, raw, {**value, **dict.fromkeys(lost)}, undecodable=lost)


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _loader_value(raw: bytes) -> Any:
    """A value as pandas reads it for the trainer, from a file opened as text: every line end becomes a line feed."""
    return ujson(raw.decode().replace("\r\n", "\n").replace("\r", "\n"))


def ujson_refuses(raw: bytes) -> bool:
    """Whether pandas' parser, which reads arrays for the trainer, refuses a value that orjson accepts."""
    try:
        _loader_value(raw)
    except ValueError:
        return True
    return False


def ujson(text: str) -> Any:
    """A value as pandas' parser reads it. Raises ValueError where it is none."""
    return _ujson_loads()(text)


def stored_json(value: Any) -> str:
    """A value as `datasets` stores it in a column of JSON: text that is JSON already as it is. Source: `datasets` 4.8.4
    `features.py`, `Json.encode_example`.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            ujson(value)
            return value
    import pandas.io.json

    return str(pandas.io.json.ujson_dumps(value))


@cache
def _ujson_loads() -> Any:
    import pandas.io.json

    return pandas.io.json.ujson_loads

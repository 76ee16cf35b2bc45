"""A dataset_info.json with more entries: what stands in it stays as it is, to the byte."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from validator.catalog.foreign import list_sentence, object_sentence
from validator.findings import clip
from validator.json_text import parse_json
from validator.named_file import read_named

MOST_BYTES = 16 << 20
_INDENT = re.compile(r'\A\s*\{\s*\n([ \t]+)"')


def extended(path: Path, entries: dict[str, dict[str, Any]]) -> bytes:
    """The content of a registry with more entries behind its own; of a new one where there is none.

    Raises ValueError, in one sentence for the user, where the file is something else, cannot be read, or has an entry
    of the same name.
    """
    if not os.path.lexists(path):
        return f"{_dump(entries, '  ')}\n".encode()
    if os.path.islink(path):
        raise ValueError(f"{path} is a link: name the file that it leads to with --to {os.path.realpath(path)}.")
    try:
        data = read_named(path, MOST_BYTES)
        known = _entries(path, data)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}.") from None
    if twice := next((name for name in entries if name in known), None):
        raise ValueError(
            f"{path} has an entry `{clip(twice)}` already{_of(known[twice])}: choose another name with --name, or take "
            "that entry out."
        )
    return _insert(data.decode(), entries).encode()


def _entries(path: Path, data: bytes) -> dict[str, Any]:
    try:
        content = parse_json(data)
    except ValueError as error:
        raise ValueError(f"{path} cannot be extended: {clip(str(error), 300)}.") from None
    if isinstance(content, list):
        raise ValueError(list_sentence(path, content))
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a dataset registry: expected an object with one entry per dataset.")
    if other := object_sentence(path, content):
        raise ValueError(f"{other} Name another place with --to.")
    return content


def _of(entry: Any) -> str:
    name = entry.get("file_name") if isinstance(entry, dict) else None
    return f", of {clip(name)}" if isinstance(name, str) else ""


def _insert(text: str, entries: dict[str, dict[str, Any]]) -> str:
    """Entries before the last brace, indented as the first is."""
    body = text.rstrip()
    after = text[len(body) :]
    body = body[:-1].rstrip()
    indent = _INDENT.match(text)
    inner = _dump(entries, indent[1] if indent else "  ")[1:-1].rstrip()
    added = ("" if body.endswith("{") else ",") + inner + "\n}"
    return body + (added.replace("\n", "\r\n") if "\r\n" in text else added) + after


def _dump(entries: dict[str, dict[str, Any]], indent: str) -> str:
    text = json.dumps(entries, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("A name of the data is no UTF-8 text, and cannot stand in JSON: rename it.") from None
    return text

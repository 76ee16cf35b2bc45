"""A finished run that cannot be used, and the one guard through which all its files are opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from validator.errors import UnusableRunError
from validator.findings import clip
from validator.named_file import open_named


def unusable(path: Path, why: str) -> UnusableRunError:
    """The error for a file of a run folder; `why` goes on after `it`."""
    return UnusableRunError(f"{path} cannot be used: it {clip(why, 200)}. Run mmvalidate again on the data.")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file of a run folder. Raises UnusableRunError."""
    try:
        file = open_named(path)
    except FileNotFoundError:
        raise unusable(path, "is missing") from None
    except OSError as error:
        raise unusable(path, f"does not open ({error.strerror})") from None
    with file:
        yield file


def read_bytes(path: Path, most: int) -> bytes:
    """A file of a run folder, of at most so many bytes. Raises UnusableRunError."""
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise unusable(path, f"has more than {most >> 20:,} MiB")
    return data


def read_json(path: Path, most: int) -> object:
    """The JSON in a file of a run folder, of at most so many bytes. Raises UnusableRunError."""
    return parse(path, read_bytes(path, most))


def parse(path: Path, data: bytes) -> object:
    """The JSON that a file of a run folder holds. Raises UnusableRunError."""
    try:
        value: object = orjson.loads(data)
    except ValueError as error:
        raise unusable(path, f"is damaged ({error})") from None
    return value

"""What is kept between runs: surveys of files and results of shards, each under a key of everything it depends on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import xxhash

import validator
from validator.catalog.schema import Schema
from validator.catalog.survey import Survey
from validator.catalog.survey_record import from_plain, to_plain
from validator.run_folder.names import CACHE, is_ours
from validator.run_folder.sweep import own_folder
from validator.writing import write_whole

KEPT_DAYS = 30
"""A result that no run has used for so long is removed."""


def key_of(*parts: Any) -> str:
    """A key of plain values. Sets must be given in order."""
    try:
        data = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain)
    except TypeError:  # paths may hold bytes that are no text
        data = json.dumps(parts, sort_keys=True, default=_plain).encode()
    return xxhash.xxh3_128_hexdigest(data)


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)


def program() -> str:
    """A key of the program itself: its version, its files, and the libraries whose answers it passes on."""
    folder = Path(validator.__file__).parent
    files = [[str(path.relative_to(folder)), xxhash.xxh3_64_intdigest(path.read_bytes())] for path in _sources(folder)]
    libraries = [version(name) for name in ("pillow", "pyarrow", "tiktoken", "av")]
    return key_of(validator.__version__, files, libraries)


def _sources(folder: Path) -> list[Path]:
    """By their content, not their times: another installation of the same program knows its results again."""
    return sorted(folder.rglob("*.py"))


class Cache:
    """The folder `cache` of a run folder. Nothing in it is needed; a file that cannot be read is as good as none."""

    def __init__(self, folder: Path, program_key: str) -> None:
        self.folder = own_folder(folder)
        self._program = program_key
        self._surveys, self._shards = folder / "surveys", folder / "shards"
        for part in (self._surveys, self._shards):
            own_folder(part)

    def survey(self, digest: str, kind: str, schema: Schema | None, make: Callable[[], Survey]) -> Survey:
        """The survey of a file of this digest and type, against the columns that an earlier file has fixed."""
        fixed = schema and [str(schema.arrow), sorted(schema.images)]
        path = self._surveys / f"{key_of(self._program, digest, kind, fixed)}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            survey = from_plain(orjson.loads(path.read_bytes()))
            os.utime(path)
            return survey
        survey = make()
        write_whole(path, orjson.dumps(to_plain(survey)))
        return survey

    def shard(self, key: str) -> Path:
        """Where the result of a shard lies or would lie."""
        return self._shards / f"{key}.zip"

    def prune(self) -> None:
        """Remove what has not been used for long."""
        oldest = time.time() - KEPT_DAYS * 86_400
        for folder in (self._surveys, self._shards):
            for path in folder.iterdir():
                with suppress(OSError):
                    if is_ours(f"{CACHE}/{folder.name}", path.name) and path.lstat().st_mtime < oldest:
                        path.unlink()

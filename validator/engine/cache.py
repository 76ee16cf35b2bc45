"""What is kept between runs: surveys of files, the content of packed ones and results of shards, each under a key of
everything it depends on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson

from validator.catalog.schema import Schema
from validator.catalog.survey import Checkpoint, Survey
from validator.catalog.survey_record import checkpoint_from_plain, checkpoint_to_plain, from_plain, to_plain
from validator.engine.keys import key_of
from validator.engine.program import program
from validator.engine.run_files.finished import FinishedRun
from validator.engine.unpacked import UnpackedFiles
from validator.run_folder.names import CACHE, is_ours
from validator.run_folder.sweep import is_folder, own_folder
from validator.writing import write_whole

KEPT_DAYS = 30
"""A result that no run has used for so long is removed."""


class Cache:
    """The folder `cache` of a run folder. Nothing in it is needed; a file that cannot be read is as good as none."""

    def __init__(self, folder: Path, program_key: str) -> None:
        self.folder = own_folder(folder)
        self._program = program_key
        self._surveys, self._shards = folder / "surveys", folder / "shards"
        self.unpacked = UnpackedFiles(folder / "unpacked", program_key)
        for part in (self._surveys, self._shards):
            own_folder(part)

    @classmethod
    def of(cls, run: FinishedRun) -> Cache:
        """That of a finished run."""
        return cls(run.folder / CACHE, program(exact=run.settings.exact))

    def survey(
        self, digest: str, kind: str, schema: Schema | None, make: Callable[[], Survey], *, anew: bool = False
    ) -> Survey:
        """The survey of a file of this digest and type, against the columns that an earlier file has fixed; made and
        kept where it is not known, or wanted `anew`.
        """
        fixed = schema and [str(schema.arrow), sorted(schema.images), schema.partial]
        path = self._surveys / f"{key_of(self._program, digest, kind, fixed)}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            if not anew:
                survey = from_plain(orjson.loads(path.read_bytes()))
                os.utime(path)
                return survey
        survey = make()
        write_whole(path, orjson.dumps(to_plain(survey)))
        return survey

    def checkpoint(self, file: str, kind: str) -> Checkpoint | None:
        """From where the survey of a file of this type can be taken up, if it was kept."""
        path = self._checkpoint(file, kind)
        with suppress(OSError, ValueError, KeyError, TypeError):
            checkpoint = checkpoint_from_plain(orjson.loads(path.read_bytes()))
            os.utime(path)
            return checkpoint
        return None

    def keep_checkpoint(self, file: str, kind: str, checkpoint: Checkpoint) -> None:
        """Keep it for when the file has grown."""
        write_whole(self._checkpoint(file, kind), orjson.dumps(checkpoint_to_plain(checkpoint)))

    def _checkpoint(self, file: str, kind: str) -> Path:
        return self._surveys / f"{key_of(self._program, 'checkpoint', file, kind)}.json"

    def shard(self, key: str) -> Path:
        """Where the result of a shard lies or would lie."""
        return self._shards / f"{key}.zip"

    def prune(self) -> None:
        """Remove what has not been used for long."""
        oldest = time.time() - KEPT_DAYS * 86_400
        for folder in (self._surveys, self._shards, self.unpacked.folder):
            for path in folder.iterdir() if is_folder(folder) else ():
                with suppress(OSError):
                    if is_ours(f"{CACHE}/{folder.name}", path.name) and path.lstat().st_mtime < oldest:
                        path.unlink()

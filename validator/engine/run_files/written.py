"""Knows the files of a run folder again, so that a run with nothing new to say need not write them a second time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import orjson
from pydantic import TypeAdapter

from validator.engine.run_files.store import RunFolder
from validator.engine.run_files.summary import Tally
from validator.writing import write_whole

_TALLY = TypeAdapter(Tally)


class OutputStamp:
    """What was written last into a run folder: `digest` identifies everything it was made from."""

    def __init__(self, state: Path, folder: Path) -> None:
        self._state, self._folder = state, folder

    def tally(self, digest: str) -> Tally | None:
        """The tally of what lies in the folder, where that was made from the same; otherwise None."""
        with suppress(OSError, ValueError, KeyError):
            known = orjson.loads(self._state.read_bytes())
            if known["digest"] == digest and known["files"] == self._stamps():
                return _TALLY.validate_python(known["tally"])
        return None

    def judged_by(self, judging: str) -> bool:
        """Whether what lies in the folder was judged by the program, settings and rules of this key."""
        with suppress(OSError, ValueError, KeyError):
            known = orjson.loads(self._state.read_bytes())
            return bool(known["judging"] == judging and known["files"] == self._stamps())
        return False

    def forget(self) -> None:
        """The folder is about to be written."""
        self._state.unlink(missing_ok=True)

    def remember(self, digest: str, tally: Tally, judging: str) -> None:
        """The folder has been written; `judging` identifies by what its rows were judged."""
        plain = {
            "digest": digest,
            "judging": judging,
            "files": self._stamps(),
            "tally": _TALLY.dump_python(tally, mode="json"),
        }
        write_whole(self._state, orjson.dumps(plain))

    def _stamps(self) -> list[list[int]]:
        stats = [(self._folder / name).stat() for name in RunFolder.TABLES]
        return [[found.st_size, found.st_mtime_ns] for found in stats]

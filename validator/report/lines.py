"""The findings of a run folder, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


def findings_of(folder: Path) -> Iterator[dict[str, Any]]:
    """The findings of a finished run, in order."""
    with (folder / "findings.jsonl").open("rb") as file:
        for line in file:
            yield orjson.loads(line)

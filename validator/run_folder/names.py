"""What we write into a run folder, and under which names. Whatever else lies there is not ours."""

from __future__ import annotations

import re

SCHEMA_VERSION = 1
"""Of what summary.json and the tables hold."""
MARK = ".mmvalidate-run"
SUMMARY, REPLAY, REPORT = "summary.json", "replay.parquet", "report.html"
CACHE, RUNNING, TRAINERS = "cache", "running", "trainers"
"""Sub-folders: results that later runs take up; within it, what lives no longer than a run; runs of `--trainer all`."""
_RESULTS = (
    "samples.parquet",
    "findings.parquet",
    "findings.jsonl",
    "catalog.json",
    SUMMARY,
    "accepted.json",
    REPLAY,
    "replay.journal",
    "trainers.parquet",
    REPORT,
)
_KEY = "[0-9a-f]{32}"
_WITHIN = {
    "": "|".join(map(re.escape, _RESULTS)),
    CACHE: rf"probes-{_KEY}\.arrow|speeds\.json|written\.json",
    f"{CACHE}/surveys": rf"{_KEY}\.json",
    f"{CACHE}/shards": rf"{_KEY}-{_KEY}\.zip",
    f"{CACHE}/unpacked": rf"{_KEY}\.json|{_KEY}-\d+\.(?:arrow|csv|jsonl?|parquet|txt)",
}
"""Names of whole files, by the sub-folder that they lie in."""
_OTHERS = {"": re.escape(MARK) + r"|\.gitignore", CACHE: "lock"}
"""Files that are no results. `lock`: of versions without a mark."""
FOLDERS = tuple(_WITHIN)
_WHOLE = {folder: re.compile(names) for folder, names in _WITHIN.items()}
_OTHER = {folder: re.compile(names) for folder, names in _OTHERS.items()}
_PART = {folder: re.compile(rf"\.(?:{names})\.\w+\.part|(?:{names})\.part") for folder, names in _WITHIN.items()}
_BRIEF = re.compile(
    r"\A(?:run-[0-9a-f]{8}|.*\.(?:at|stalled)|\d+\.zip|\.\d+\.zip\.\w+\.part|dask-(?:scratch|worker)-space)"
)
"""Within `running`: the folder of a run, and what earlier versions put there without one."""


def is_part(folder: str, name: str) -> bool:
    """Whether a file in a sub-folder ("" for the run folder itself) is a half-written one of ours."""
    return folder in _PART and _PART[folder].fullmatch(name) is not None


def is_ours(folder: str, name: str) -> bool:
    """Whether a file in a sub-folder ("" for the run folder itself) carries a name that only we write there."""
    patterns = (_WHOLE.get(folder), _OTHER.get(folder))
    return is_part(folder, name) or any(pattern and pattern.fullmatch(name) for pattern in patterns)


def is_brief(name: str) -> bool:
    """Whether something within `running` is ours."""
    return _BRIEF.fullmatch(name) is not None

"""The baseline: findings that a team has looked at and accepted, each with a reason, in a file that lies with the data.

A finding is known again by its fingerprint, so the file keeps when rows move; how often it may occur is kept with it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from validator.findings import clip
from validator.named_file import read_named
from validator.writing import write_whole

MOST_BYTES = 256 << 20
"""A million fingerprints have 30 MB."""
_MOST = 2**53
_HEXADECIMAL = re.compile("[0-9a-f]*").fullmatch
Fingerprint = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]


class Accepted(BaseModel):
    """Findings of one rule in one entry that were accepted for one reason."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern="^[A-Z]{2}[0-9]{3}$", description="The rule.")
    dataset: str = Field(description="The entry of dataset_info.json.")
    reason: str = Field(default="", description="Why these findings are accepted. Write it by hand; it is kept.")
    findings: dict[Fingerprint, Annotated[int, Field(ge=1, le=_MOST)]] = Field(
        description="How often each finding may occur, by its fingerprint."
    )


class BaselineFile(BaseModel):
    """Accepted findings of mmvalidate: they do not fail a run. Written by `--write-baseline`."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    accepted: list[Accepted] = []


@dataclass(frozen=True, slots=True)
class Known:
    """What a baseline accepts of one rule in one entry: fingerprints, sorted, how often each may occur, and the place
    of its reason in `reasons`.
    """

    marks: np.ndarray
    numbers: np.ndarray
    reason: np.ndarray
    reasons: list[str]

    def places(self, marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where fingerprints stand, and which of them are there at all."""
        places = np.minimum(np.searchsorted(self.marks, marks), len(self.marks) - 1)
        return places, self.marks[places] == marks


Baseline = Mapping[tuple[str, str], Known]
"""By rule and entry. None is empty."""


def load_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises ValueError with a sentence where there is none or it is no baseline."""
    try:
        seen = os.stat(path)
        return _load(path, (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns))
    except FileNotFoundError:
        raise ValueError(f"The baseline {path} does not exist. Make it with --write-baseline {path}.") from None
    except OSError as error:
        raise ValueError(f"Cannot open the baseline {path}: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        where = clip(place, 100) + ": " if place else ""
        raise ValueError(f"{path} is not a baseline: {where}{clip(first['msg'], 300)}.") from None


@lru_cache(maxsize=1)
def _load(path: Path, stamp: tuple[int, ...]) -> Baseline:
    """A baseline is looked at before a run and needed after it: what has not changed is read once."""
    data = read_named(path, MOST_BYTES)
    return _known(_quickly(data) or [_columns(item, item.findings) for item in _thoroughly(data).accepted])


_Columns = tuple[tuple[str, str], str, np.ndarray, np.ndarray]
"""Rule and entry, reason, fingerprints, and how often each may occur."""


def _thoroughly(data: bytes) -> BaselineFile:
    return BaselineFile.model_validate_json(data)


def _quickly(data: bytes) -> list[_Columns] | None:
    """What a sound file holds; None where it must be read thoroughly, to say what is wrong."""
    try:
        plain = orjson.loads(data)
        findings = [item.pop("findings") for item in plain["accepted"]]
        items = BaselineFile.model_validate(
            {**plain, "accepted": [{**item, "findings": {}} for item in plain["accepted"]]}
        )
        if not all(map(_sound, findings)):
            return None
        return [_columns(item, mine) for item, mine in zip(items.accepted, findings, strict=True)]
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _sound(findings: Any) -> bool:
    if type(findings) is not dict:
        return False
    joined = "".join(findings)
    if not set(map(len, findings)) <= {16} or not _HEXADECIMAL(joined):
        return False
    numbers = findings.values()
    return set(map(type, numbers)) <= {int} and min(numbers, default=1) >= 1 and max(numbers, default=1) <= _MOST


def _columns(item: Accepted, findings: dict[str, int]) -> _Columns:
    marks = np.frombuffer(bytes.fromhex("".join(findings)), ">u8").astype(np.uint64)
    numbers = np.fromiter(findings.values(), np.int64, len(findings))
    return (item.code, item.dataset), item.reason, marks, numbers


def _known(items: Iterable[_Columns]) -> Baseline:
    """What is accepted several times may occur as often as all of these say, for the last reason."""
    groups: dict[tuple[str, str], list[_Columns]] = {}
    for item in items:
        if len(item[2]):
            groups.setdefault(item[0], []).append(item)
    found = {}
    for key, parts in groups.items():
        marks, places = np.unique(np.concatenate([part[2] for part in parts]), return_inverse=True)
        each = np.concatenate([part[3] for part in parts])
        numbers, reason = np.zeros(len(marks)), np.zeros(len(marks), np.int64)
        np.add.at(numbers, places, each)
        reason[places] = np.repeat(np.arange(len(parts)), [len(part[2]) for part in parts])
        numbers = np.minimum(numbers, _MOST).astype(np.int64)
        found[key] = Known(marks, numbers, reason, [part[1] for part in parts])
    return found


class Matcher:
    """Takes findings in order against a baseline."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._taken = {key: np.zeros(len(known.marks), np.int64) for key, known in baseline.items()}

    def accepts(self, code: str, dataset: str, marks: np.ndarray) -> np.ndarray:
        """Which findings of a rule in an entry, by their fingerprints in order, are accepted; each acceptance counts
        once.
        """
        known = self._baseline.get((code, dataset))
        if known is None:
            return np.zeros(len(marks), bool)
        taken = self._taken[code, dataset]
        places, there = known.places(marks)
        accepted: np.ndarray = there & (taken[places] + _nth(places) < known.numbers[places])
        np.add.at(taken, places[accepted], 1)
        return accepted

    @property
    def without_reason(self) -> int:
        """How many findings were accepted without a reason."""
        return sum(
            int(taken[np.array([not reason for reason in known.reasons])[known.reason]].sum())
            for known, taken in zip(self._baseline.values(), self._taken.values(), strict=True)
        )

    def stale(self, datasets: Iterable[str], codes: Iterable[str]) -> list[dict[str, Any]]:
        """What the baseline accepts and the data no longer has, of entries and rules that were judged."""
        entries, rules = set(datasets), set(codes)
        gone: Counter[tuple[str, str, str]] = Counter()
        for (code, dataset), known in self._baseline.items():
            if dataset in entries and code in rules:
                left = known.numbers - self._taken[code, dataset]
                for place, reason in enumerate(known.reasons):
                    gone[code, dataset, reason] += int(left[known.reason == place].sum())
        return [
            {"code": code, "dataset": dataset, "count": number, "reason": reason}
            for (code, dataset, reason), number in sorted(gone.items())
            if number
        ]


def _nth(places: np.ndarray) -> np.ndarray:
    """Of each value how many equal ones come before it."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    found = np.empty(len(places), np.int64)
    found[order] = np.arange(len(places)) - np.repeat(starts, np.diff([*starts, len(places)]))
    return found


def renewed(
    old: Baseline,
    found: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    reason: str,
    *,
    judged: tuple[Sequence[str], Sequence[str]],
) -> list[_Columns]:
    """A baseline that accepts `found` (rule and entry -> fingerprints and how often each occurs) and nothing else of
    the entries and rules that were `judged`; what it knew of others stays, and so do reasons. New findings get
    `reason`.
    """
    datasets, codes = map(set, judged)
    groups: dict[tuple[str, str, str], list[tuple[np.ndarray, np.ndarray]]] = {}

    def add(key: tuple[str, str], known: Known | None, marks: np.ndarray, numbers: np.ndarray) -> None:
        reasons, of_each = [reason], np.zeros(len(marks), np.int64)
        if known is not None:
            reasons += [why or reason for why in known.reasons]
            places, there = known.places(marks)
            of_each[there] = known.reason[places[there]] + 1
        for place, why in enumerate(reasons):
            if (mine := of_each == place).any():
                groups.setdefault((key[1], key[0], why), []).append((marks[mine], numbers[mine]))

    for (code, dataset), known in old.items():
        if code not in codes or dataset not in datasets:
            add((code, dataset), known, known.marks, known.numbers)
    for key, (marks, numbers) in found.items():
        add(key, old.get(key), marks, numbers)
    return [
        ((code, dataset), why, np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
        for (dataset, code, why), parts in sorted(groups.items())
    ]


def write(path: Path, baseline: Sequence[_Columns]) -> None:
    """Write a baseline, whole or not at all. Raises OSError."""
    plain = {"version": 1, "accepted": [_plain(*item) for item in baseline]}
    write_whole(path, orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _plain(key: tuple[str, str], reason: str, marks: np.ndarray, numbers: np.ndarray) -> dict[str, Any]:
    order = np.argsort(marks)
    digits = marks[order].astype(">u8").tobytes().hex()
    texts = [digits[place : place + 16] for place in range(0, len(digits), 16)]
    findings = dict(zip(texts, numbers[order].tolist(), strict=True))
    return {"code": key[0], "dataset": key[1], "reason": reason, "findings": findings}

"""The baseline: findings that a team has looked at and accepted, each with a reason, in a file that lies with the data.

A finding is known again by its fingerprint, so the file keeps when rows move; how often it may occur is kept with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from validator.findings import clip
from validator.named_file import read_named
from validator.writing import write_whole

MOST_BYTES = 256 << 20
"""A million fingerprints have 30 MB."""
Fingerprint = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]


class Accepted(BaseModel):
    """Findings of one rule in one entry that were accepted for one reason."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern="^[A-Z]{2}[0-9]{3}$", description="The rule.")
    dataset: str = Field(description="The entry of dataset_info.json.")
    reason: str = Field(default="", description="Why these findings are accepted. Write it by hand; it is kept.")
    findings: dict[Fingerprint, Annotated[int, Field(ge=1, le=2**53)]] = Field(
        description="How often each finding may occur, by its fingerprint."
    )


class BaselineFile(BaseModel):
    """Accepted findings of mmvalidate: they do not fail a run. Written by `--write-baseline`."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    accepted: list[Accepted] = []


def load_baseline(path: Path) -> BaselineFile:
    """Read a baseline. Raises ValueError with a sentence where there is none or it is no baseline."""
    try:
        return BaselineFile.model_validate_json(read_named(path, MOST_BYTES))
    except FileNotFoundError:
        raise ValueError(f"The baseline {path} does not exist. Make it with --write-baseline {path}.") from None
    except OSError as error:
        raise ValueError(f"Cannot open the baseline {path}: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        where = clip(place, 100) + ": " if place else ""
        raise ValueError(f"{path} is no baseline: {where}{clip(first['msg'], 300)}.") from None


@dataclass(slots=True)
class Matcher:
    """Takes findings one by one against a baseline."""

    left: Counter[tuple[str, str, str]]
    reasons: Mapping[tuple[str, str, str], str]
    taken: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def accepts(self, key: tuple[str, str, str]) -> bool:
        """Whether a finding of this code, dataset and fingerprint is accepted; each acceptance counts once."""
        if self.left.get(key, 0) <= 0:
            return False
        self.left[key] -= 1
        self.taken[key] += 1
        return True

    def stale(self, datasets: Iterable[str], codes: Iterable[str]) -> list[dict[str, Any]]:
        """What the baseline accepts and the data no longer has, of entries and rules that were judged."""
        entries, rules = set(datasets), set(codes)
        gone: Counter[tuple[str, str, str]] = Counter()
        for key, number in self.left.items():
            code, dataset, _ = key
            if number > 0 and dataset in entries and code in rules:
                gone[(code, dataset, self.reasons[key])] += number
        return [
            {"code": code, "dataset": dataset, "count": number, "reason": reason}
            for (code, dataset, reason), number in sorted(gone.items())
        ]


def matcher(baseline: BaselineFile) -> Matcher:
    """A fresh matcher of a baseline."""
    left: Counter[tuple[str, str, str]] = Counter()
    reasons = {}
    for item in baseline.accepted:
        for fingerprint, number in item.findings.items():
            key = (item.code, item.dataset, fingerprint)
            left[key] += number
            reasons[key] = item.reason
    return Matcher(left, reasons)


def renewed(
    old: BaselineFile,
    found: Mapping[tuple[str, str, str], int],
    reason: str,
    *,
    judged: tuple[Sequence[str], Sequence[str]],
) -> BaselineFile:
    """A baseline that accepts `found` (code, dataset, fingerprint -> times) and nothing else of the entries and rules
    that were `judged`; what it knew of others stays, and so do reasons. New findings get `reason`.
    """
    datasets, codes = map(set, judged)
    known = matcher(old)
    kept = {key: number for key, number in known.left.items() if key[0] not in codes or key[1] not in datasets}
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    for (code, dataset, fingerprint), number in (kept | dict(found)).items():
        why = known.reasons.get((code, dataset, fingerprint), "") or reason
        groups.setdefault((dataset, code, why), {})[fingerprint] = number
    return BaselineFile(
        accepted=[
            Accepted(code=code, dataset=dataset, reason=why, findings=dict(sorted(findings.items())))
            for (dataset, code, why), findings in sorted(groups.items())
        ]
    )


def write(path: Path, baseline: BaselineFile) -> None:
    """Write a baseline, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, orjson.dumps(baseline.model_dump(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

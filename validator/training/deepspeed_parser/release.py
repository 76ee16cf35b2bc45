"""What one release of DeepSpeed takes, from the table that `scripts/make_deepspeed_schema.py` makes of the packages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from validator.training.versions import Versions, numbers

_NOT_PARSED = ("inference", "msamp")
"""Top-level keys that transformers or accelerate read, and DeepSpeed's training parser does not."""


@dataclass(frozen=True)
class Release:
    """One release: `version` is the one whose rows hold, `remark` why that is another than training's, or empty."""

    version: str
    remark: str

    def rows(self, group: str, section: str) -> dict[str, Any]:
        """{key: value} of a section in this release."""
        return _rows(self.version, group, section)

    def value(self, key: str) -> Any:
        """A single value: `gradient_clipping` is the default, `pydantic` its major version."""
        return self.rows("values", "")[key]

    def sections(self, group: str) -> tuple[str, ...]:
        """The sections of a group that this release has."""
        return tuple(section for section in _table()[group] if self.rows(group, section))

    @property
    def top_keys(self) -> tuple[str, ...]:
        """The keys that are looked up at the top level."""
        return (*self.rows("keys", ""), *_NOT_PARSED)

    @property
    def check_grad_overflow(self) -> bool | None:
        """The default of `bf16.check_grad_overflow`, None where the release does not know it."""
        field = self.rows("fields", "bf16").get("check_grad_overflow")
        return None if field is None else bool(field["default"])

    @property
    def shown(self) -> str:
        """`deepspeed 0.19.8`, with the remark."""
        return f"deepspeed {self.version}{self.remark}"


def release_of(versions: Versions) -> Release:
    """The release that training runs with: the table's nearest that is not later; the newest where none is named."""
    known, mine = _table()["versions"], versions["deepspeed"]
    if mine is None:
        return Release(known[-1], " (the newest known here; name yours with --versions)")
    text = versions.known["deepspeed"]
    earlier = [version for version in known if numbers(version) <= mine]
    if not earlier:
        return Release(known[0], f" (the earliest known here, for {text})")
    nearest = earlier[-1]
    return Release(nearest, "" if numbers(nearest) == mine else f" (the nearest known here, for {text})")


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = orjson.loads(files("validator.assets").joinpath("deepspeed.json").read_bytes())
    return table


@cache
def _rows(version: str, group: str, section: str) -> dict[str, Any]:
    table = _table()
    place = table["versions"].index(version)
    rows = {}
    for key, history in table[group].get(section, {}).items():
        values = [value for release, value in history.items() if table["versions"].index(release) <= place]
        if values and values[-1] is not None:
            rows[key] = values[-1]
    return rows


def known_from(section: str, key: str, release: Release) -> str:
    """`0.19.6 and later know it`, `0.18.9 and earlier know it`; empty where no release does."""
    history = {**_table()["keys"].get(section, {}), **_table()["fields"].get(section, {})}.get(key)
    if history is None:
        return ""
    first, last = next(iter(history.items())), list(history.items())[-1]
    if numbers(first[0]) > numbers(release.version):
        return f"{first[0]} and later know it"
    return f"releases before {last[0]} knew it" if last[1] is None else ""

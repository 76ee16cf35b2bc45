"""Versions of the packages that training will run with: given by the user, else those installed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from validator.installed import installed
from validator.trainers.registry import DEFAULT

TRAINER = DEFAULT
"""Whose training files are read; its package has this name too."""
PACKAGES = ("deepspeed", "torch", "transformers", TRAINER, "accelerate")
Release = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions by package, as written; `given` are those that the user named, the others were found installed."""

    known: Mapping[str, str]
    given: frozenset[str] = frozenset()

    def __getitem__(self, package: str) -> Release | None:
        """The numbers of a version, None where it is not known."""
        text = self.known.get(package)
        return None if text is None else numbers(text)

    def before(self, package: str, release: str) -> bool:
        """Whether a package is known to be older than a release."""
        mine = self[package]
        return mine is not None and mine < numbers(release)

    def shown(self, package: str) -> str:
        """`deepspeed 0.14.4`, or `deepspeed of an unknown version`."""
        text = self.known.get(package)
        return f"{package} {text}" if text is not None else f"{package} of an unknown version"


_NUMBER, _LOCAL = re.compile(r"\d+"), re.compile(r"[+a-zA-Z]")


def numbers(text: str) -> Release:
    """`2.4.0+cu121` -> (2, 4, 0)."""
    return tuple(int(part) for part in _NUMBER.findall(_LOCAL.split(text, maxsplit=1)[0]))


def find_versions(given: str | None = None) -> Versions:
    """`deepspeed=0.14.4,torch=2.4.0` over what is installed. Raises ValueError where that is not what is given."""
    named: dict[str, str] = {}
    for item in filter(None, (given or "").split(",")):
        package, equals, text = item.strip().partition("=")
        text = text.lstrip("=")
        if not equals or not _NUMBER.match(text):
            raise ValueError(f"--versions {item.strip()}: write PACKAGE=VERSION, with commas between several.")
        if package not in PACKAGES:
            raise ValueError(f"--versions {package}: only {', '.join(PACKAGES)} matter here.")
        named[package] = text
    return Versions({**installed(PACKAGES), **named}, frozenset(named))

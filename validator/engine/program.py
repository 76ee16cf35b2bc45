"""Which program this is: its sources, and the libraries whose answers become verdicts."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import xxhash

import validator
from validator.engine.keys import key_of
from validator.installed import installed
from validator.rules.base import Rule
from validator.trainers.registry import CALLED, origin_of

_DECIDE = (
    "pillow",
    "pyarrow",
    "tiktoken",
    "tokenizers",
    "fastokens",
    "av",
    "numpy",
    "pandas",
    "datasets",
    "orjson",
    "zlib-ng",
    "fsspec",
    "pydantic",
    "PyYAML",
)
"""Packages that decode, split, count or type what a verdict rests on."""
_DECIDE_EXACTLY = ("transformers", "torch", "torchvision", *CALLED)
"""Packages that are asked besides under `--exact`."""


@cache
def versions(*, exact: bool = False) -> Mapping[str, str]:
    """Everything that decides verdicts, by name: the sources by their content, so that another installation of the same
    program knows its results again, and not by the times of files.
    """
    folder = Path(validator.__file__).parent
    sources = [
        [path.relative_to(folder).as_posix(), xxhash.xxh3_64_intdigest(path.read_bytes())]
        for path in sorted(folder.rglob("*.py"))
    ]
    packages = (*_DECIDE, *(_DECIDE_EXACTLY if exact else ()))
    return {
        "mmvalidate": validator.__version__,
        "sources": key_of(sources)[:16],
        "python": ".".join(platform.python_version_tuple()[:2]),
        **dict.fromkeys(packages, "none"),
        **installed(packages),
    }


@cache
def program(*, exact: bool = False) -> str:
    """A key of all of it."""
    return key_of(versions(exact=exact))


def judges(rules: Iterable[Rule], processor: str, trainer: str) -> str:
    """A key of what a run brings along: rules and a trainer that are not ours, the processor by its fingerprint."""
    return key_of([[rule.code, rule.origin] for rule in rules if rule.origin], processor, origin_of(trainer))


def here(*, exact: bool = False) -> dict[str, str]:
    """What a worker says of itself: its machine, and `versions`. Plain data, which any version can read."""
    return {"host": socket.gethostname(), **versions(exact=exact)}


def differences(theirs: Mapping[str, str], *, exact: bool = False) -> list[str]:
    """In what another program differs from this one, with both versions."""
    ours = versions(exact=exact)
    return [
        f"{name} {ours.get(name, 'none')} here and {theirs.get(name, 'none')} there"
        for name in {**ours, **theirs}
        if name != "host" and ours.get(name) != theirs.get(name)
    ]

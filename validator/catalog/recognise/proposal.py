"""Data that somebody names -> the entries that init would write for them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validator.catalog.foreign import SWIFT_REGISTRY, list_sentence, object_sentence
from validator.catalog.recognise.guess import Guess, UnrecognisedError, UntakenError, recognise
from validator.catalog.recognise.media_dir import MediaPlace, place_of_media
from validator.catalog.recognise.sampling import RowSample, sample_file
from validator.catalog.recognise.sources import DataSource
from validator.findings import clip, count

_STRANGE = re.compile(r"[^\w.-]+")
"""What is not in the name of an entry, which may stand in lists with commas and on command lines."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry, what is said of it, and what checking it needs: a folder of media, a trainer, to be named."""

    name: str
    entry: dict[str, Any]
    data: Path
    holds: str
    doubts: tuple[str, ...]
    media_dir: str | None
    swift: bool

    @property
    def is_hub(self) -> bool:
        """Whether it is checked only where it is named."""
        return "hf_hub_url" in self.entry


def propose(sources: Sequence[DataSource], registry: Path, name: str | None = None) -> list[Proposal]:
    """The entries for data, as the registry at a path would name them; `name`: that of the one entry.

    Raises ValueError, in one sentence for the user, where data are nothing that is recognised.
    """
    names: list[str] = []
    for source in sources:
        names.append(name or _unique(source.name, names))
    return [_propose(source, registry, called) for source, called in zip(sources, names, strict=True)]


def _propose(source: DataSource, registry: Path, name: str) -> Proposal:
    samples = [(file, sample_file(file)) for file in source.files]
    rows = [row for _, sample in samples for row in sample.rows]
    try:
        guess = recognise(rows)
    except UnrecognisedError as error:
        raise ValueError(_other(source.files[0], samples[0][1]) or f"{source.place}: {error}.") from None
    except UntakenError as error:
        raise ValueError(f"{source.place}: {error}.") from None
    media = place_of_media(guess.paths, registry.parent, source.files[0].parent)
    entry = {source.key: _written(source, registry.parent), **guess.entry}
    if source.split not in (None, "train"):
        entry["split"] = source.split
    return Proposal(
        name,
        entry,
        source.place,
        f"{_looked_at(samples)}: {guess.holds}",
        _doubts(source, samples, guess, media),
        media.folder,
        guess.swift,
    )


def _other(path: Path, sample: RowSample) -> str | None:
    """What a file is that holds one object, or entries of ms-swift; None where it is data."""
    first = sample.rows[0].value
    if first.keys() & SWIFT_REGISTRY:
        return list_sentence(path, [first])
    if len(sample.rows) > 1 or not sample.whole:
        return None
    if any(isinstance(value, dict) and value.keys() & {"file_name", "hf_hub_url"} for value in first.values()):
        return f"{path} is a dataset_info.json itself: `mmvalidate {path}` checks it."
    return object_sentence(path, first)


def _written(source: DataSource, folder: Path) -> str:
    """How the entry names the data: relative to the registry's folder; a folder for the hub's loader, which knows of no
    registry, from the root.
    """
    place, start = os.path.abspath(source.place), os.path.abspath(folder)
    if source.key == "hf_hub_url":
        return place
    written = os.path.relpath(place, start)
    if written.startswith(os.pardir):  # what is above a link is not where the link stands
        written = os.path.relpath(os.path.realpath(place), os.path.realpath(start))
    return Path(written).as_posix()


def _unique(stem: str, taken: Sequence[str]) -> str:
    """A name for an entry that is not taken."""
    plain = _STRANGE.sub("_", stem).strip("_.") or "data"
    number, name = 1, plain
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name


def _looked_at(samples: Sequence[tuple[Path, RowSample]]) -> str:
    number = sum(len(sample.rows) for _, sample in samples)
    whole = all(sample.whole for _, sample in samples)
    return count(number, "row") if whole else f"{count(number, 'row')} looked at"


def _doubts(
    source: DataSource, samples: Sequence[tuple[Path, RowSample]], guess: Guess, media: MediaPlace
) -> tuple[str, ...]:
    told = [] if source.note is None else [source.note]
    for path, sample in samples:
        if sample.faults:
            first = sample.faults[0]
            told.append(
                f"rows of {path.name} that cannot be read: {len(sample.faults):,} ({first.place} is the first: "
                f"{clip(first.value, 200)}); LLaMA-Factory stops there."
            )
    return (*told, *guess.doubts, *([media.doubt] if media.doubt else []))

"""Has the real trainer preprocess some rows of a folder that is written, and compares them with ours."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from validator.catalog.formats import file_rows
from validator.catalog.json_rows import Layout
from validator.catalog.marks import span_of
from validator.engine.rejudge import ranges_of
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.changes import read_registry
from validator.findings import clip
from validator.json_text import parse_json
from validator.rules.base import FileFacts
from validator.settings import Settings
from validator.storage.remote import locate
from validator.tokenizing.arrow_folder import read_batches
from validator.tokenizing.gather import WrittenRows
from validator.tokenizing.plan import FilePiece, RowPlan
from validator.trainers.tokenized import IdsFormat
from validator.training.config import TrainingConfig
from validator.training.order import Indices

_COLUMNS = ("input_ids", "labels", "images", "videos", "audios")
_SUFFIXES: dict[Layout, str] = {"array": ".json", "lines": ".jsonl", "values": ".jsonl"}


@dataclass(frozen=True, slots=True)
class Different:
    """A row of which the trainer makes something else: where it stands, and in what it differs."""

    dataset: str
    file: str
    row: int
    how: str


@dataclass(frozen=True, slots=True)
class Compared:
    """How many rows were compared with which release of the trainer, and those that differ."""

    rows: int
    version: str
    different: tuple[Different, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    piece: FilePiece
    row: int
    """Its number in its file."""
    place: int
    """Its place in the split."""


def comparable_form(settings: Settings, config: TrainingConfig | None) -> IdsFormat:
    """How the rows are kept that can be compared. Raises ValueError, a sentence, where they cannot."""
    form = settings.profile.tokenized
    if form is None or form.keeps != "ids":
        raise ValueError("--check compares ids, which are written for LLaMA-Factory alone.")
    if config is None:
        raise ValueError("--check needs --train-config, which names the model and its settings.")
    if config["packing"] or config["neat_packing"]:
        raise ValueError("Packed rows are not compared: write the rows once without packing and compare those.")
    return form


def compare(
    run: FinishedRun, folder: Path, plan: RowPlan, form: IdsFormat, *, config: TrainingConfig, rows: int, python: str
) -> Compared:
    """Compare some rows of the first split of `folder`, which `plan` was carried out in, drawn evenly at random.
    `python`: the interpreter of the environment in which the trainer is installed.

    Raises ValueError, a sentence, where a row is not JSON, or the trainer does not answer.
    """
    split = plan.splits[0]
    drawn = sorted(random.Random(0).sample(range(len(split.rows)), min(rows, len(split.rows))))
    places = list(_places(run, plan, split.rows[drawn], drawn))
    registry = read_registry(run.settings, run.catalog())
    ours = _ours(folder / split.name, [place.place for place in places])
    with tempfile.TemporaryDirectory() as scratch:
        given = {
            "arguments": {**config.given, "media_dir": os.path.abspath(run.settings.resolved_media_dir)},
            "rows": [
                {
                    "entry": {**registry[place.piece.entry.name], "split": "train"},  # of one row there is no other
                    "file": _alone(place, run.settings, Path(scratch, str(n))),
                }
                for n, place in enumerate(places)
            ],
        }
        answers = _asked(form, python, given, Path(scratch))
    different = [
        Different(place.piece.entry.name, place.piece.file.name, place.row, how)
        for place, mine, theirs in zip(places, ours, answers["rows"], strict=True)
        if (how := _difference(mine, theirs)) is not None
    ]
    return Compared(len(places), answers["version"], tuple(different))


def _places(run: FinishedRun, plan: RowPlan, wanted: Indices, drawn: Sequence[int]) -> Iterator[_Place]:
    """The rows behind some places among all that are written."""
    files = {key: (begin, numbers) for key, begin, numbers in ranges_of(run)}
    for written, place in zip(wanted.tolist(), drawn, strict=True):
        job = bisect_right(plan.starts, written) - 1
        left = written - plan.starts[job]
        for piece in plan.jobs[job]:
            kept = piece.kept.nonzero()[0]
            if left < len(kept):
                begin, numbers = files[piece.entry.name, piece.file.name]
                yield _Place(piece, numbers[piece.begin - begin + int(kept[left])], place)
                break
            left -= len(kept)


def _ours(folder: Path, places: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of a split that is written, by their places."""
    state = parse_json((folder / "state.json").read_bytes())
    parts = [folder / item["filename"] for item in state["_data_files"]]
    lengths = [sum(batch.num_rows for batch in read_batches(part)) for part in parts]
    written = WrittenRows(parts, [0, *accumulate(lengths)])
    found = (written.row(place) for place in places)
    return [{name: batch[name][at].as_py() for name in _COLUMNS} for batch, at in found]


def _alone(place: _Place, settings: Settings, target: Path) -> str:
    """Write a row into a file of its own, laid out as its file is."""
    file: FileFacts = place.piece.file
    assert file.survey is not None
    suffix = _SUFFIXES.get(file.survey.layout)
    if suffix is None:
        raise ValueError(f"Rows of {clip(file.name)} are not compared: --check reads JSON and JSON lines.")
    path = locate(file.within(settings.folder))
    (raw,) = file_rows(path, file.survey, span_of(file.survey, place.row, place.row + 1))
    content = raw.raw if suffix == ".jsonl" else b"[" + raw.raw + b"]"
    target = target.with_suffix(suffix)
    target.write_bytes(content)
    return str(target)


def _asked(form: IdsFormat, python: str, given: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
    """What the trainer makes. Raises ValueError."""
    question, answer = scratch / "given.json", scratch / "answers.json"
    question.write_text(json.dumps(given), encoding="utf-8")
    done = subprocess.run(
        (python, str(form.script), str(question), str(answer)), capture_output=True, text=True, errors="replace"
    )
    if not answer.exists():
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ValueError(f"The trainer did not answer under {python}: {clip(last)}.")
    answers: dict[str, Any] = parse_json(answer.read_bytes())
    if "missing" in answers:
        raise ValueError(
            f"The trainer, or its tokenizer, cannot be loaded under {python}: {clip(answers['missing'])}. Name the "
            "interpreter of its environment with --trainer-python, and a model that is there as model_name_or_path."
        )
    return answers


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """In what a row differs, None where it does not."""
    if "error" in theirs:
        return f"the trainer does not take it: {clip(theirs['error'])}"
    for name in _COLUMNS:
        mine, other = ours[name], theirs[name]
        if mine == other:
            continue
        if name in ("input_ids", "labels"):
            at = next((n for n, (one, two) in enumerate(zip(mine, other, strict=False)) if one != two), None)
            where = f"first at place {at}: {mine[at]} here, {other[at]} there" if at is not None else "equal until then"
            return f"{name}: {len(mine):,} here, {len(other):,} there, {where}"
        return f"{name}: {clip(str(mine))} here, {clip(str(other))} there"
    return None

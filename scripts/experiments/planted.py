"""Kinds of planted faults for the replay's confusion table, with the verdicts that count as found.

A kind is planted in files (it goes the whole path of the command), in the job (ids and labels between the static pass
and the worker), or as tensors (numbers that no file can hold). Half of the kinds are held out: thresholds were set
without them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PIL import Image

from scripts import synthetic_rows
from validator.facts.training_ids import IGNORED
from validator.replaying.job import Job

CUTOFF = 256
Where = Literal["file", "job", "tensor"]


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `make`: (rng, row, folder) -> row, (rng, job) -> job, or (rng, batch) -> None."""

    name: str
    where: Where
    found: tuple[str, ...]
    make: Callable
    pictures: bool | None = None
    held_out: bool = False
    later: bool = False
    """Planted in the files after the static pass."""


def _answer(change: Callable[[random.Random, str], str]) -> Callable:
    def make(rng: random.Random, row: dict, folder: Path) -> dict:
        question, answer = row["messages"]
        return {**row, "messages": [question, {**answer, "content": change(rng, answer["content"])}]}

    return make


def _question(change: Callable[[random.Random, str], str]) -> Callable:
    def make(rng: random.Random, row: dict, folder: Path) -> dict:
        question, answer = row["messages"]
        return {**row, "messages": [{**question, "content": change(rng, question["content"])}, answer]}

    return make


def _no_label(rng: random.Random, row: dict, folder: Path) -> dict:
    words = " ".join(rng.choices(synthetic_rows.WORDS, k=150))
    long = " ".join(rng.choices(synthetic_rows.WORDS, k=200 * CUTOFF))
    return {**row, "messages": [{"role": "user", "content": long}, {"role": "assistant", "content": words}]}


def _pads_in_answer(rng: random.Random, row: dict, folder: Path) -> dict:
    question, answer = row["messages"]
    plain = question["content"].replace("<image>", "")
    return {
        **row,
        "messages": [{**question, "content": plain}, {**answer, "content": "<image>" + answer["content"]}],
    }


def _cut_picture(rng: random.Random, row: dict, folder: Path) -> dict:
    path = folder / row["images"][0]
    noise = Image.frombytes("RGB", (120, 120), rng.randbytes(120 * 120 * 3))
    noise.save(path.with_suffix(".jpg"))
    data = path.with_suffix(".jpg").read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return row


def _missing_picture(rng: random.Random, row: dict, folder: Path) -> dict:
    return {**row, "images": [f"missing_{rng.randrange(10**9)}.png"]}


def _remove_picture(rng: random.Random, row: dict, folder: Path) -> dict:
    (folder / row["images"][0]).unlink()
    return row


def _replace_picture(rng: random.Random, row: dict, folder: Path) -> dict:
    Image.new("RGB", (400, 300), (200, 30, 30)).save(folder / row["images"][0])
    return row


def letters(rng: random.Random, number: int) -> str:
    return "".join(rng.choices("bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ#%&*+=", k=number))


def _of_another(rng: random.Random, answer: str) -> str:
    other = synthetic_rows.text_row(rng)["messages"][1]["content"]
    return f"{other} {' '.join(rng.choices(synthetic_rows.WORDS, k=12))}"


def _cyrillic(rng: random.Random, answer: str) -> str:
    return "".join(chr(rng.randrange(0x410, 0x450)) for _ in range(24))


def _boxes(rng: random.Random, answer: str) -> str:
    return "<|box_start|><|quad_end|>" * 8 + answer


def _long_question(rng: random.Random, question: str) -> str:
    return " ".join(rng.choices(synthetic_rows.WORDS, k=300)) + "\n" + question


def _spelled_backwards(rng: random.Random, answer: str) -> str:
    return " ".join(word[::-1] for word in " ".join([answer] * (1 + 20 // max(len(answer.split()), 1))).split())


def _all_masked(rng: random.Random, job: Job) -> Job:
    return replace(job, labels=[IGNORED] * len(job.labels))


def _only_first_label(rng: random.Random, job: Job) -> Job:
    return replace(job, labels=[job.ids[0]] + [IGNORED] * (len(job.labels) - 1))


def _id_beyond(rng: random.Random, job: Job) -> Job:
    ids = list(job.ids)
    ids[rng.randrange(len(ids) // 2)] = 5000 + rng.randrange(100)
    return replace(job, ids=ids)


def _label_beyond(rng: random.Random, job: Job) -> Job:
    return replace(job, labels=[*job.labels[:-1], 5000])


def _first_pad(job: Job) -> int:
    return next(at for at in range(len(job.ids) - 1) if job.ids[at] == job.ids[at + 1] and job.labels[at] == IGNORED)


def _pad_dropped(rng: random.Random, job: Job) -> Job:
    at = _first_pad(job)
    return replace(job, ids=job.ids[:at] + job.ids[at + 1 :], labels=job.labels[:at] + job.labels[at + 1 :])


def _pad_added(rng: random.Random, job: Job) -> Job:
    at = _first_pad(job)
    ids, labels = [*job.ids[:at], job.ids[at], *job.ids[at:]], [*job.labels[:at], IGNORED, *job.labels[at:]]
    return replace(job, ids=ids, labels=labels)


def _pixel(value: float) -> Callable:
    def make(rng: random.Random, batch: dict) -> None:
        pixels = batch["pixel_values"] = batch["pixel_values"].clone()
        pixels[rng.randrange(pixels.shape[0]), rng.randrange(pixels.shape[1])] = value

    return make


_LOUD = ("GRAD_SPIKE", "LOSS_OUTLIER", "PRECISION_SENSITIVE")
KINDS = (
    Kind("literal image pad", "file", ("CRASH",), _question(lambda rng, text: text + "<|image_pad|>")),
    Kind("missing picture", "file", ("CRASH",), _missing_picture, pictures=True),
    Kind("no label within the cutoff", "file", ("NO_TARGET",), _no_label, pictures=False),
    Kind("one token 120 times", "file", _LOUD, _answer(lambda rng, text: rng.choice("abcxyz") * 2 + " the" * 120)),
    Kind("random letters", "file", _LOUD, _answer(lambda rng, text: letters(rng, 40))),
    Kind("unknown script", "file", _LOUD, _answer(_cyrillic)),
    Kind("all labels masked", "job", ("NO_TARGET",), _all_masked),
    Kind("id beyond the vocabulary", "job", ("CRASH",), _id_beyond),
    Kind("one image pad too few", "job", ("CRASH",), _pad_dropped, pictures=True),
    Kind("NaN pixel", "tensor", ("NON_FINITE",), _pixel(float("nan")), pictures=True),
    Kind("picture cut by the cutoff", "file", ("CRASH",), _question(_long_question), True, held_out=True),
    Kind("literal video pad", "file", ("CRASH",), _question(lambda rng, text: "<|video_pad|>" + text), held_out=True),
    Kind("truncated picture", "file", ("CRASH",), _cut_picture, True, held_out=True),
    Kind("picture removed after the check", "file", ("CRASH",), _remove_picture, True, held_out=True, later=True),
    Kind("picture replaced after the check", "file", ("CRASH",), _replace_picture, True, held_out=True, later=True),
    Kind("answer of another row and more", "file", _LOUD, _answer(_of_another), held_out=True),
    Kind("words spelled backwards", "file", _LOUD, _answer(_spelled_backwards), held_out=True),
    Kind("box tokens in the answer", "file", _LOUD, _answer(_boxes), held_out=True),
    Kind("image pads as labels", "file", _LOUD, _pads_in_answer, True, held_out=True),
    Kind("only the first label", "job", ("NO_TARGET",), _only_first_label, held_out=True),
    Kind("label beyond the vocabulary", "job", ("CRASH",), _label_beyond, held_out=True),
    Kind("one image pad too many", "job", ("CRASH",), _pad_added, True, held_out=True),
    Kind("infinite pixel", "tensor", ("NON_FINITE",), _pixel(float("inf")), True, held_out=True),
    Kind("pixel of 1e30", "tensor", ("NON_FINITE",), _pixel(1e30), True, held_out=True),
)  # fmt: skip

"""A survey as plain data, so that it is kept with a run and need not be made again of the same file."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import pyarrow as pa

from validator.catalog.schema import Schema
from validator.catalog.survey import Checkpoint, Mark, Refusal, Survey


def to_plain(survey: Survey) -> dict[str, Any]:
    """Everything of a survey that JSON can hold; a survey of data that is no file (`tables`) loses its rows."""
    return {
        "layout": survey.layout,
        "num_rows": survey.num_rows,
        "types": _pack(pa.schema(list(survey.types.items()))),
        "fixed": survey.fixed and [_pack(survey.fixed.arrow), sorted(survey.fixed.images), survey.fixed.partial],
        "own": survey.own and _pack(survey.own),
        "refusals": [[refusal.row, refusal.column, refusal.reason, refusal.mixed] for refusal in survey.refusals],
        "num_refusals": survey.num_refusals,
        "marks": [[mark.row, mark.offset, mark.digest] for mark in survey.marks],
        "digest": survey.digest,
        **({"partly": True} if survey.partly else {}),
    }


def from_plain(plain: dict[str, Any]) -> Survey:
    """The survey again. Raises KeyError, TypeError or ValueError where the data is no survey."""
    fixed = None
    if plain["fixed"] is not None:
        columns, images, partial = plain["fixed"]
        fixed = Schema(_types(columns), frozenset(images), partial)
    return Survey(
        plain["layout"],
        plain["num_rows"],
        _types(plain["types"]),
        fixed,
        None if plain["own"] is None else _unpack(plain["own"]),
        None,
        [Refusal(*refusal) for refusal in plain["refusals"]],
        plain["num_refusals"],
        tuple(Mark(*mark) for mark in plain["marks"]),
        plain["digest"],
        partly=plain.get("partly", False),
    )


def checkpoint_to_plain(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything of a checkpoint."""
    return {
        "offset": checkpoint.offset,
        "digest": checkpoint.digest,
        "known": to_plain(checkpoint.known),
        "broken": checkpoint.broken,
        "stretch": checkpoint.stretch,
    }


def checkpoint_from_plain(plain: dict[str, Any]) -> Checkpoint:
    """The checkpoint again. Raises KeyError, TypeError or ValueError where the data is none."""
    return Checkpoint(**{**plain, "known": from_plain(plain["known"])})


def _pack(schema: pa.Schema) -> str:
    return _as_text(schema.serialize().to_pybytes())


@lru_cache(maxsize=256)  # many files have the same columns
def _as_text(data: bytes) -> str:
    return base64.b85encode(data).decode()


def _unpack(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b85decode(text)))


def _types(text: str) -> dict[str, pa.DataType]:
    return {column.name: column.type for column in _unpack(text)}

"""What training makes of the rows of a run: the words in which plan, comparison, reports and verdict speak of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np
import pyarrow as pa

from validator.facts.columns import are_among, numbers_of, plain_array, values_of
from validator.facts.record import RowFacts
from validator.media.video import LATER
from validator.rules.ph004_literal_special_token import PADS

OUTCOMES = ("whole", "cut", "changed", "stops", "dropped", "not_loaded", "unchecked")
"""Trained on as it is; trained on, but shortened by the cutoff; trained on with other content than was written (an
error that stops nothing); training stops at it, in preprocessing or later; left out by the trainer; never reached,
because the trainer cannot load its entry; not known. Every row has one of these.
"""
IMAGE_CUT = "TK001"
CAUSED = ("stops", "dropped", "changed")
"""Outcomes that an error may explain."""
NOT_LOADED = "not_loaded"
"""Also the status of a row that would be ok if its entry could be loaded."""
_OF_STATUS = ("dropped", "unchecked")


def outcome_of(facts: RowFacts, status: str, codes: Iterable[str]) -> str:
    """What training makes of a row with this status and findings of these codes. Beside what preprocessing refuses, it
    stops where image tokens are cut off or stand literally in the text, and at videos that fail later.
    """
    if status in _OF_STATUS:
        return status
    cut = facts.num_tokens != facts.num_tokens_full
    if (
        facts.outcome == "crash"
        or facts.refused
        or (cut and _loses_pads(facts, codes))
        or any(token in PADS for turn in facts.turns for token in turn.special_tokens)
        or any(media.probe.fault in LATER for media in facts.media)
    ):
        return "stops"
    if status == NOT_LOADED:
        return status
    return "changed" if status == "flagged" else "cut" if cut else "whole"


def _loses_pads(facts: RowFacts, codes: Iterable[str]) -> bool:
    return sum(facts.image_tokens) > (facts.num_image_tokens or 0) or IMAGE_CUT in codes


def outcomes_of(samples: pa.RecordBatch, findings: pa.RecordBatch) -> np.ndarray:
    """The same of records of samples.parquet with their findings, as columns: places in OUTCOMES."""
    status = samples["status"]
    cut = numbers_of(samples["num_tokens"]) != numbers_of(samples["num_tokens_full"])
    stops = are_among(samples["outcome"], ["crash"]) | np.array(values_of(samples["refused"]), bool)
    if cut.any():
        stops |= cut & _pads_lost(samples, findings)
    stops |= stop_later(samples)
    found = np.full(samples.num_rows, OUTCOMES.index("whole"))
    for word, rows in (
        ("cut", cut),
        ("changed", are_among(status, ["flagged"])),
        ("stops", stops),
        *((word, are_among(status, [word])) for word in _OF_STATUS),
    ):
        found[rows] = OUTCOMES.index(word)
    return found


def stop_later(samples: pa.RecordBatch) -> np.ndarray:
    """Of records of samples.parquet, those at which training stops whatever the limits are, though preprocessing takes
    them: image tokens stand in their text, or a video fails when it is decoded. Flags of shape (records,).
    """
    media, turns = samples["media"], samples["turns"]
    stops = _any(media.offsets, are_among(media.flatten().field("fault"), LATER))
    tokens = turns.flatten().field("special_tokens")
    stops |= _any(turns.offsets, _any(tokens.offsets, are_among(tokens.flatten(), PADS)))
    return stops


def causes_of(samples: pa.RecordBatch, findings: pa.RecordBatch, outcomes: np.ndarray) -> Counter[tuple[str, str]]:
    """Of records of samples.parquet of one entry with these outcomes: how many rows with an outcome of CAUSED have an
    error of a rule, by (outcome, code).
    """
    counted: Counter[tuple[str, str]] = Counter()
    errors = are_among(findings["severity"], ["error"])
    if not errors.any():
        return counted
    caused = np.isin(outcomes, [OUTCOMES.index(word) for word in CAUSED])
    rows = zip(values_of(samples["file"]), numbers_of(samples["row"]).tolist(), outcomes.tolist(), caused, strict=True)
    known = {(file, row): OUTCOMES[outcome] for file, row, outcome, is_caused in rows if is_caused}
    places = zip(*(values_of(findings[name]) for name in ("file", "row", "code")), errors.tolist(), strict=True)
    found = {(file, row, code) for file, row, code, is_error in places if is_error and (file, row) in known}
    counted.update((known[file, row], code) for file, row, code in found)
    return counted


def _any(offsets: pa.Array, chosen: np.ndarray) -> np.ndarray:
    """Of each list, whether one of its elements is chosen."""
    ends = numbers_of(offsets)
    before = np.concatenate(([0], np.cumsum(chosen)))
    return np.asarray(np.diff(before[ends - ends[0]]) > 0)


def _pads_lost(samples: pa.RecordBatch, findings: pa.RecordBatch) -> np.ndarray:
    images = [sum(tokens) for tokens in values_of(samples["image_tokens"])]
    lost: np.ndarray = np.array(images, np.int64) > numbers_of(samples["num_image_tokens"])
    mine = are_among(findings["code"], [IMAGE_CUT])
    if mine.any():
        some = findings.filter(plain_array(mine.tolist(), pa.bool_()))
        names = ("dataset", "file", "row")
        told = set(zip(*(values_of(some[name]) for name in names), strict=True))
        places = zip(*(values_of(samples[name]) for name in names), strict=True)
        lost |= np.fromiter((place in told for place in places), bool, samples.num_rows)
    return lost


def not_loaded(samples: pa.RecordBatch, entries: Collection[str]) -> pa.RecordBatch:
    """Records of samples.parquet as they are written: a row that is ok has a status of its own where its entry is one
    of those that cannot be loaded.
    """
    if not entries:
        return samples
    return _renamed(samples, are_among(samples["dataset"], entries) & are_among(samples["status"], ["ok"]), NOT_LOADED)


def as_judged(samples: pa.RecordBatch) -> pa.RecordBatch:
    """The same records as they were before `not_loaded`."""
    return _renamed(samples, are_among(samples["status"], [NOT_LOADED]), "ok")


def _renamed(samples: pa.RecordBatch, chosen: np.ndarray, word: str) -> pa.RecordBatch:
    if not chosen.any():
        return samples
    words = [word if here else old for here, old in zip(chosen.tolist(), values_of(samples["status"]), strict=True)]
    place = samples.schema.get_field_index("status")
    return samples.set_column(place, samples.schema.field(place), plain_array(words, pa.string()))


def without_rows(counts: Counter[str], words: Iterable[str]) -> Counter[str]:
    """Counts with those of some words put under `not_loaded`."""
    moved = Counter(counts)
    gone = sum(moved.pop(word, 0) for word in words)
    if gone:
        moved[NOT_LOADED] += gone
    return moved

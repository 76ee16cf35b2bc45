"""From chosen rows to jobs: the rows are read again, their facts are taken from the run, nothing is measured twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import xxhash

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaKind, Sample
from validator.engine.cache import Cache
from validator.engine.reread import reread
from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import spend
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts
from validator.facts.table import from_record
from validator.facts.training_ids import encoded_turns, lay_out
from validator.replaying.job import Job, Key, Medium, RenderedTurn
from validator.replaying.population import Member, records_at
from validator.settings import Settings
from validator.tokens.encode import flatten
from validator.trainers.base import Trainer


def loads_videos(trainer: Trainer) -> bool:
    """Whether `loading.frames_of` samples videos as a trainer does."""
    return trainer.video is None or trainer.video.sampler == "by-length"


CHANGED = "the row is not what it was when the run was made: check the dataset again"


def make_jobs(run: FinishedRun, settings: Settings, chosen: Iterable[Member]) -> tuple[dict[Key, Job], dict[Key, str]]:
    """Jobs of the chosen rows that reach the model, and for the others of those rows the reason why there is none."""
    reaching = [member for member in chosen if member.num_tokens]
    records = records_at(run, {member.place for member in reaching})
    facts = {member.key: records[member.place] for member in reaching}
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    for dataset, file, row in facts:
        wanted[dataset, file].add(row)
    jobs: dict[Key, Job] = {}
    reasons: dict[Key, str] = dict.fromkeys(facts, CHANGED)
    frozen = {place: frozenset(rows) for place, rows in wanted.items()}
    for dataset, file, measurer, raw in reread(settings, frozen, Cache.of(run)):
        key = dataset, file, raw.index
        if any(item["kind"] == "video" for item in facts[key]["media"]) and not loads_videos(measurer.trainer):
            reasons[key] = f"videos are not loaded here as {measurer.trainer.describes} loads them"
        elif facts[key]["content_hash"] == xxhash.xxh3_128_hexdigest(raw.raw):
            jobs[key] = make_job(measurer, raw, from_record(facts[key]))
            del reasons[key]
    return jobs, reasons


def make_job(measurer: Measurer, raw: RawRow, facts: RowFacts) -> Job:
    """The job of one row with its facts."""
    budget = spend(facts.turns, facts.media, measurer.limits)
    sizes: dict[MediaKind, tuple[int, ...]] = {"image": budget.image_tokens, "video": budget.video_tokens}
    sample = measurer.convert(raw)
    encoded = encoded_turns(measurer, sample, facts)
    ids, labels = lay_out(measurer, encoded, facts.turns, sizes)
    assert len(ids) == budget.num_tokens, "the facts and the row disagree"
    return Job(
        (facts.dataset, facts.file, facts.row),
        ids,
        labels,
        _media(measurer, sample, "image"),
        _media(measurer, sample, "video"),
        tuple(
            RenderedTurn(tuple(turn.written), tuple(turn.slots), flatten(turn, measurer.processor, sizes), turn.apart)
            for turn in encoded
        ),
        sizes,
    )


def _media(measurer: Measurer, sample: Sample, kind: MediaKind) -> list[Medium]:
    limits, turns = measurer.limits.image, measurer.trainer.applies_exif
    return [
        Medium(reference.target, reference.data, reference.frames, reference.decoded or turns, limits)
        for reference in sample.media.get(kind, ())
    ]

"""From a finished run to the folder of preprocessed rows: plan, encode, put together, describe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from validator.catalog.marks import span_of
from validator.catalog.registry import load_registry
from validator.conversation.sample import MediaKind
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.engine.execution.progress import Progress
from validator.engine.execution.shard import Part
from validator.engine.execution.shard_plan import probes_file
from validator.engine.keys import key_of
from validator.engine.program import judges, program
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.store import as_json
from validator.execution import Execution
from validator.exporting.changes import read_registry
from validator.exporting.policy import Policy
from validator.exporting.verdicts import Verdicts
from validator.rules.base import EntryFacts
from validator.settings import Settings
from validator.storage.remote import is_remote, locate
from validator.tokenizing.arrow_folder import schema_of, shard_name, write_records, write_splits
from validator.tokenizing.asked import asked
from validator.tokenizing.card import card_of
from validator.tokenizing.carry_out import carry_out
from validator.tokenizing.folder import LEFT_OUT, Unfinished, begun, place
from validator.tokenizing.gather import WrittenRows, gathered, in_order, packed
from validator.tokenizing.job import TokenizeJob
from validator.tokenizing.plan import RowPlan, Split, make_plan
from validator.tokenizing.progress import SilentWriting, TokenizeProgress
from validator.tokens.pad import pad_id
from validator.tokens.processor import load_processor
from validator.trainers.tokenized import TokenizedFormat
from validator.training.config import TrainingConfig
from validator.training.feeding import Feeding, Packing
from validator.training.preprocessed import CARD

CHARACTERS = 4
"""Of a token, about."""


@dataclass(frozen=True, slots=True)
class Tokenized:
    """What was written: the card, which rows they are, and whether an interrupted command was gone on with, or one of
    something else replaced.
    """

    card: dict[str, Any]
    plan: RowPlan
    went_on: bool
    replaced: bool


def tokenize(
    run: FinishedRun,
    target: Path,
    policy: Policy,
    *,
    config: TrainingConfig | None = None,
    execution: Execution | None = None,
    progress: TokenizeProgress | None = None,
) -> Tokenized:
    """Write the rows of a run as its trainer would have preprocessed them, to a new folder, whole or not at all.
    `config`: the training file that says which data sets are fed, and how; else all of the run are, in turn.

    Raises ValueError, in a sentence for the user, where that is not reproduced, where the data have changed since the
    run, or the target is taken; OSError where something cannot be read or written.
    """
    progress, execution = progress or SilentWriting(), execution or Execution()
    settings = run.settings
    form = _form(settings)
    feeding = asked(run, config)
    entries = _entries(run, settings, feeding, progress)
    verdicts = Verdicts(run, policy)
    try:
        plan = make_plan(run, entries, verdicts, feeding)
    finally:
        verdicts.close()
    card = card_of(run, settings, feeding, policy, plan, form)
    key = key_of(program(exact=settings.exact), run.identity, card, os.getcwd())
    with begun(target.absolute(), key) as unfinished:
        jobs = _jobs(plan, run, settings, unfinished, execution)
        carry_out([job for job in jobs if not job.target.exists()], unfinished.running, execution, progress)
        run.check_same()
        _put_together(plan, unfinished, settings, feeding.packing, card, progress)
        unfinished.finish()
        return Tokenized(card, plan, unfinished.went_on, unfinished.replaced)


def _form(settings: Settings) -> TokenizedFormat:
    """How the run's trainer keeps rows. Raises ValueError where that is not reproduced."""
    form = settings.profile.tokenized
    if form is None:
        raise ValueError(f"What {settings.profile.describes} keeps of preprocessed rows is not written.")
    if is_remote(settings.dataset_info):
        raise ValueError("Rows of remote data are not written: copy the data to this machine and run mmvalidate there.")
    return form


def _entries(run: FinishedRun, settings: Settings, feeding: Feeding, progress: Progress) -> dict[str, EntryFacts]:
    """The entries that are written, opened anew. Raises ValueError where they are no longer what was checked."""
    catalog = run.catalog()
    read_registry(settings, catalog)
    if load_processor(settings.processor).fingerprint != catalog.inputs["processor"]:
        raise ValueError(f"The processor {settings.processor} has changed since the run: run mmvalidate again.")
    names = tuple(sorted({*feeding.train, *feeding.evaluation}))
    registry = load_registry(locate(settings.dataset_info), names)
    opened = open_entries(registry, settings, progress.surveying, Cache.of(run))
    before = catalog.inputs["files_xxh3_128"]
    for entry in opened:
        for file in entry.files:
            if file.survey is not None and before.get(file.source) != file.digest:
                raise ValueError(
                    f"The data file `{file.source}` has changed since the run: run mmvalidate again (it checks what "
                    "is new and keeps the rest)."
                )
    return {entry.name: entry for entry in opened}


def _jobs(
    plan: RowPlan, run: FinishedRun, settings: Settings, unfinished: Unfinished, execution: Execution
) -> Sequence[TokenizeJob]:
    made_by = program(exact=settings.exact)
    fingerprint = load_processor(settings.processor).fingerprint
    probes = probes_file(Cache.of(run), made_by, settings, execution)
    return [
        TokenizeJob(
            ordinal=number,
            settings=settings,
            parts=tuple(
                Part(
                    replace(piece.entry, files=()),
                    piece.file,
                    piece.file.within(settings.folder),
                    span_of(piece.file.survey, piece.first, piece.stop),  # type: ignore[arg-type]  # it was read
                )
                for piece in pieces
            ),
            target=unfinished.part(number),
            folder=unfinished.running,
            working=os.getcwd(),
            row_timeout=execution.row_timeout,
            made_by=(made_by, judges((), fingerprint, settings.trainer)),
            probes=probes.absolute(),
            by_content=execution.hash_media,
            facts=run.tables.samples.absolute(),
            begins=tuple(piece.begin for piece in pieces),
            kept=tuple(piece.kept for piece in pieces),
            kinds=plan.kinds_of(number),
            characters=plan.text_tokens * CHARACTERS // max(execution.workers or 1, 1),
        )
        for number, pieces in enumerate(plan.jobs)
    ]


def _put_together(
    plan: RowPlan,
    unfinished: Unfinished,
    settings: Settings,
    packing: Packing | None,
    card: dict[str, Any],
    progress: TokenizeProgress,
) -> None:
    """Make the whole folder beside the parts of it."""
    form = _form(settings)
    parts = [unfinished.part(number) for number in range(len(plan.jobs))]
    written = WrittenRows(parts, plan.starts)
    for split in plan.splits:
        folder = unfinished.split(split.name)
        schema = _schema(split, plan, parts, form)
        if split.jobs is not None and all(schema_of(parts[job]).equals(schema) for job in split.jobs):
            names = [shard_name(number, len(split.jobs)) for number in range(len(split.jobs))]
            for job, name in zip(split.jobs, names, strict=True):
                place(parts[job], folder / name)
        else:
            progress.writing(len(split.rows), f"putting {split.name} together")
            told = _Counted(progress)
            if packing is None:
                batches = in_order(written, split.rows, schema, told)
            else:
                assert form.keeps == "ids"  # only its training file asks for packing
                types, plain = form.media_types(schema), schema
                packer = form.packer(packing.length, pad_id(load_processor(settings.processor)), neat=packing.neat)
                schema = packer.schema(types)
                batches = packed(written, split, plain, packer, schema, told)
            names = gathered(batches, schema, folder)
        write_records(folder, split.name, schema, names, key_of(card, split.name)[:16])
    write_splits(unfinished.whole, [split.name for split in plan.splits])
    with (unfinished.whole / LEFT_OUT).open("xb") as file:
        for record in plan.left_out:
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    (unfinished.whole / CARD).write_bytes(as_json(card))


class _Counted:
    """Tells how many rows there are so far."""

    def __init__(self, progress: TokenizeProgress) -> None:
        self._progress, self._rows = progress, 0

    def __call__(self, rows: int) -> None:
        self._rows += rows
        self._progress.checked(self._rows, 0, 0)


def _schema(split: Split, plan: RowPlan, parts: Sequence[Path], form: TokenizedFormat) -> pa.Schema:
    """The columns of a split. Raises ValueError where its rows have media of types that cannot be joined."""
    used = split.jobs if split.jobs is not None else range(len(parts))
    found = {schema_of(parts[job]) for job in used}
    types: dict[MediaKind, pa.DataType] = {}
    for kind in sorted(split.kinds):
        held = {known[kind] for known in map(form.media_types, found) if kind in known}
        if len(held) > 1:
            raise ValueError(f"{kind}s are paths in some rows and lists of frames in others: the trainer stops there.")
        types[kind] = held.pop()
    return form.schema(types)

"""What a rule is.

A rule module's docstring is its documentation (`mmvalidate rule CODE`). A row rule sees one `Case`; a corpus rule
folds cases into a small aggregate per entry, mergeable and bounded, and speaks at the end of the entry.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from validator.carried import carried
from validator.catalog.entry import Entry
from validator.catalog.split import Order
from validator.catalog.survey import Survey
from validator.facts.budget import Limits
from validator.facts.located import RowShapes
from validator.facts.record import Budget, RowFacts
from validator.facts.texts import Texts
from validator.findings import Severity
from validator.rules.scope import Scope, feeding_whole, masking, pairing, replayed
from validator.settings import Integrity, Settings
from validator.storage.identity import ABSENT, Identity

if TYPE_CHECKING:  # a check of rows needs none of these
    from validator.checkpoint.record import CheckpointCase
    from validator.facts.replayed import Replayed, Systemic
    from validator.training.axolotl_config import AxolotlCase
    from validator.training.record import TrainingCase
    from validator.training.trl_config import TrlCase


@dataclass(slots=True)
class Case:
    """One row before the rules. `budget` is None where the trainer yields no tokens for the row; `place` is the row's
    0-based place in what the trainer reads of the entry; `located` holds its boxes and points once a rule has asked.
    """

    facts: RowFacts
    budget: Budget | None
    settings: Settings
    limits: Limits
    place: int = 0
    located: tuple[RowShapes | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Packed:
    """A data file that the loader unpacks: its name in the registry, how it is packed, the digest of it as it is, and
    where its content lies unpacked (`place`: of a run that was read back, nowhere).
    """

    file: str
    packing: str
    digest: str
    place: str = ""


@carried
@dataclass(frozen=True, slots=True)
class FileFacts:
    """One data file of an entry: its name in the registry, why it cannot be read (`problem`), or its survey; and what
    it was when it was surveyed. A file within an archive is called after both; of what is `packed`, survey and `seen`
    are of the content.
    """

    name: str
    problem: str | None = None
    detail: str = ""
    survey: Survey | None = None
    seen: Identity = ABSENT
    packed: Packed | None = None

    @property
    def source(self) -> str:
        """The name of the file that lies in the registry's folder."""
        return self.name if self.packed is None else self.packed.file

    @property
    def digest(self) -> str:
        """xxh3_128 of that file; empty where it was not surveyed."""
        return self.packed.digest if self.packed is not None else self.survey.digest if self.survey is not None else ""

    def within(self, folder: str) -> str:
        """The path from which its rows are read, given that of the registry's folder."""
        return os.path.join(folder, self.name) if self.packed is None else self.packed.place


@carried
@dataclass(frozen=True, slots=True)
class EntryFacts:
    """One entry: as parsed, or the reason (`fault`) why the trainer cannot use it, its files in the order of names,
    and the order in which the trainer reads their rows.
    """

    name: str
    settings: Settings
    entry: Entry | None = None
    fault: str | None = None
    files: tuple[FileFacts, ...] = ()
    unchecked: str | None = None
    repeated: bool = False
    order: Order = field(default_factory=Order)


Consequences = Mapping[str, Mapping[str, tuple[Any, ...]]]
"""Findings that follow from another: codes, each with the values that keys of its evidence must have."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule found; the engine makes a finding of it. Row rules leave file, row and sample_id alone; `dataset` is
    set by what a corpus rule says of several entries. `explains`: findings of the same entry (and file, where one is
    named) that are gone as soon as this one is mended, so that they are not shown beside it.
    """

    message: str
    help: str
    turn: int | None = None
    media_index: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    file: str | None = None
    row: int | None = None
    sample_id: str | None = None
    dataset: str | None = None
    explains: Consequences = field(default_factory=dict)
    severity: Severity | None = None
    """Where it is not the rule's; what the user's settings say of the rule comes first."""


Need = Literal[
    "nothing", "problems", "mismatch", "misplaced", "media", "videos", "faults", "cut", "traits", "content", "shapes"
]
"""What most rows lack: problems of conversion or encoding, placeholders that are more or fewer than the media,
placeholders in answers or system prompts, media, videos, media that the trainer cannot open, a cut by the cutoff, text
that looks like something, images whose pixels do, boxes and points beside images.
"""
Option = Literal["advice", "exact", "preview", "model_size"]
RowCheck = Callable[[Case], Iterator[Hit]]
ReplayCheck = Callable[["Replayed"], Iterator[Hit]]
SystemicCheck = Callable[["Systemic"], Iterator[Hit]]
TrainingCheck = Callable[["TrainingCase"], Iterator[Hit]]
TrlCheck = Callable[["TrlCase"], Iterator[Hit]]
AxolotlCheck = Callable[["AxolotlCase"], Iterator[Hit]]
OwnFileCheck = Callable[[Any], Iterator[Hit]]
CheckpointCheck = Callable[["CheckpointCase"], Iterator[Hit]]


@dataclass(frozen=True)
class CorpusCheck:
    """`start` makes an empty aggregate, `fold` adds a case to it, `merge` joins two, `finish` speaks.

    `kind` is the type of the aggregate where `start` is not. Rules that give the same `shared` name have one aggregate
    together. `needs`: what a row must have to be folded. `fold` looks at counts in the facts, not at the budget, and at
    turns only of rows with media or problems, so that rows can be folded again without being settled. `finish_run`
    speaks of several entries: it gets each entry with its aggregate, in the order of names. `names_causes`: hits of
    `finish` may explain other findings. `fold_texts`, of a check that
    needs nothing, does at once what `fold` does one by one. `stops_entry`: the trainer cannot load an entry of which
    this says an error, so none of its rows is trained on.
    """

    finish: Callable[[Any, EntryFacts], Iterator[Hit]] = lambda aggregate, entry: iter(())
    start: Callable[[], Any] = lambda: None
    fold: Callable[[Any, Case], None] | None = None
    merge: Callable[[Any, Any], Any] | None = None
    kind: Any = None
    shared: str | None = None
    needs: Need = "nothing"
    finish_run: Callable[[Sequence[tuple[EntryFacts, Any]]], Iterator[Hit]] | None = None
    names_causes: bool = False
    stops_entry: bool = False
    fold_texts: Callable[[Any, Texts], None] | None = None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Makes plain data of an aggregate and back, to carry it between processes and runs."""
        kind: Any = self.kind or self.start
        return TypeAdapter(kind)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `depth` is the least integrity depth at which it can see its fault, `option` a setting that it needs;
    `needs` what a row must have for a row rule to be asked about it. `origin` identifies a rule that is not ours: the
    SHA-256 of its file, or its package with the version; `source` is that file or package.

    Rules with `replay` see the replayed samples, one with `systemic` the controls that fail together; rules with
    `training` see the training configuration with what is known of its data, those with `own_file`
    the training file of the trainer that they are for, rules with `checkpoint` an audited one.
    """

    code: str
    name: str
    severity: Severity
    doc: str
    row: RowCheck | None = None
    corpus: CorpusCheck | None = None
    replay: ReplayCheck | None = None
    systemic: SystemicCheck | None = None
    training: TrainingCheck | None = None
    own_file: OwnFileCheck | None = None
    checkpoint: CheckpointCheck | None = None
    trainers: Scope = pairing
    depth: Integrity = "header"
    needs: Need = "nothing"
    option: Option | None = None
    origin: str = ""
    source: str = ""
    overruled: bool = False
    """Whether `severity` is the user's."""

    @property
    def aggregate(self) -> str:
        """The name of a corpus rule's aggregate."""
        return (self.corpus.shared if self.corpus else None) or self.code

    @property
    def family(self) -> str:
        """The first two letters of the code."""
        return self.code[:2]

    @property
    def summary(self) -> str:
        """The first line of the documentation; the name where there is none."""
        return next(iter(self.doc.strip().splitlines()), self.name)


def row_rule(
    code: str,
    name: str,
    severity: Severity,
    depth: Integrity = "header",
    needs: Need = "nothing",
    *,
    trainers: Scope = pairing,
    option: Option | None = None,
) -> Callable[[RowCheck], Rule]:
    """Make a rule of a function on one case."""
    return lambda check: Rule(
        code, name, severity, _doc(check), row=check, trainers=trainers, depth=depth, needs=needs, option=option
    )


def corpus_rule(
    code: str,
    name: str,
    severity: Severity,
    check: CorpusCheck,
    *,
    trainers: Scope = pairing,
    option: Option | None = None,
) -> Rule:
    """Make a rule of an aggregate over an entry or over the run."""
    doc = _doc(check.finish_run or check.finish)
    return Rule(code, name, severity, doc, corpus=check, trainers=trainers, option=option)


def replay_rule(code: str, name: str, severity: Severity) -> Callable[[ReplayCheck], Rule]:
    """Make a rule of a function on one replayed sample."""
    return lambda check: Rule(code, name, severity, _doc(check), replay=check, trainers=replayed)


def systemic_rule(code: str, name: str, severity: Severity) -> Callable[[SystemicCheck], Rule]:
    """Make a rule of a function on controls that fail together."""
    return lambda check: Rule(code, name, severity, _doc(check), systemic=check, trainers=replayed)


def training_rule(code: str, name: str, severity: Severity) -> Callable[[TrainingCheck], Rule]:
    """Make a rule of a function on a training configuration."""
    return lambda check: Rule(code, name, severity, _doc(check), training=check)


def trl_rule(code: str, name: str, severity: Severity) -> Callable[[TrlCheck], Rule]:
    """Make a rule of a function on a training file of TRL."""
    return lambda check: Rule(code, name, severity, _doc(check), own_file=check, trainers=masking)


def axolotl_rule(code: str, name: str, severity: Severity) -> Callable[[AxolotlCheck], Rule]:
    """Make a rule of a function on a configuration of axolotl."""
    return lambda check: Rule(code, name, severity, _doc(check), own_file=check, trainers=feeding_whole)


def checkpoint_rule(code: str, name: str, severity: Severity) -> Callable[[CheckpointCheck], Rule]:
    """Make a rule of a function on an audited checkpoint."""
    return lambda check: Rule(code, name, severity, _doc(check), checkpoint=check)


def _doc(function: Callable[..., Any]) -> str:
    return sys.modules[function.__module__].__doc__ or ""

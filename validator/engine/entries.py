"""Opens the selected entries: finds their files and surveys them as the trainer's loader would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from validator.catalog.entry import OWN, Entry
from validator.catalog.formats import file_type, survey_file
from validator.catalog.kept_as_json import with_mixed
from validator.catalog.line_survey import LOADER_CHUNK
from validator.catalog.listing import Listing, list_files
from validator.catalog.loader import Loader
from validator.catalog.marks import digest_file, read_again
from validator.catalog.packing import packing_of
from validator.catalog.registry import Registry
from validator.catalog.schema import Schema
from validator.catalog.split import Order, selected
from validator.catalog.survey import Survey
from validator.engine.cache import Cache
from validator.engine.joined import joined
from validator.errors import ChangedDataError
from validator.findings import clip
from validator.rules.base import EntryFacts, FileFacts, Packed
from validator.settings import Settings
from validator.storage.identity import Identity
from validator.storage.paths import look
from validator.storage.reading import at_hand

Surveying = Callable[[str], None]
_SMALL = 1 << 15
"""Bytes of a file that is surveyed anew as quickly as its survey is looked up."""


def open_entries(
    registry: Registry,
    settings: Settings,
    surveying: Surveying = lambda name: None,
    cache: Cache | None = None,
    *,
    whole: frozenset[tuple[str, str]] = frozenset(),
) -> list[EntryFacts]:
    """Facts of every selected entry, in the order of names; `surveying` is told each file before it is read. `whole`:
    the files, as (dataset, file), of which nothing is left to be read with the rows.
    """
    facts = [EntryFacts(fault.name, settings, fault=fault.reason) for fault in registry.faults]
    for entry in registry.entries:
        repeated = entry.name in registry.duplicate_names
        opened = EntryFacts(entry.name, settings, entry, unchecked=_unchecked(entry), repeated=repeated)
        if entry.formatting not in settings.profile.formattings:
            fault = f"{settings.profile.describes} has no converter for the formatting {entry.formatting}"
            facts.append(replace(opened, fault=fault, unchecked=None))
        elif entry.source == "file":
            if entry.unread is None:
                opened = _open_files(opened, entry, registry.folder, surveying, cache, whole)
            facts.append(opened)
        else:
            facts.append(_open_remote(opened, entry, surveying, registry) if opened.unchecked is None else opened)
    return sorted(joined(facts) if registry.joins else facts, key=lambda item: item.name)


def _unchecked(entry: Entry) -> str | None:
    if entry.key in ("ms_hub_url", "om_hub_url"):
        return "datasets of ModelScope and Modelers are not read"
    if entry.source == "script":
        return "script entries are not run: a dataset script is a program"
    return entry.unread


def _open_files(
    opened: EntryFacts,
    entry: Entry,
    folder: Path,
    surveying: Surveying,
    cache: Cache | None,
    whole: frozenset[tuple[str, str]],
) -> EntryFacts:
    """Survey the files in the trainer's order: the first with a table fixes the columns of the others."""
    try:
        named = None if entry.files is None else Listing(entry.files)
        listing = named or list_files(folder, entry.location, own=entry.formatting == OWN)
    except OSError as error:
        file = FileFacts(entry.location, "unreadable", error.strerror or str(error))
        return replace(opened, files=(file,), unchecked=None)
    if listing.problem is not None:
        file = FileFacts(entry.location, listing.problem, listing.detail)
        return replace(opened, files=(file,), unchecked=None)  # a finding, whatever the entry's kind
    files: list[FileFacts] = []
    starts: dict[str, int] = {}
    schema: Schema | None = None
    num_rows = 0
    loader = opened.settings.profile.loader
    for name in listing.names:
        surveying(name)
        path = folder / name
        with at_hand(path, _SMALL) as seen:
            for found in _contents(path, name, cache, loader):
                if found.problem == "packed":
                    return replace(opened, unchecked=f"`{name}` {found.detail}")
                anew = (entry.name, found.name) in whole
                file = _open_file(path, found, schema, cache, loader, seen, whole=anew)
                starts[file.name] = num_rows
                if file.survey is not None:
                    schema = schema or file.survey.fixed
                    num_rows += file.survey.num_rows
                files.append(file)
    opened = replace(opened, files=tuple(sorted(files, key=lambda file: file.name)), order=Order(starts))
    if all(file.survey is None for file in files):
        opened = replace(opened, unchecked=None)
    if entry.split == "train":
        return opened
    try:
        return replace(opened, order=Order(starts, selected(entry.split, num_rows)))
    except ValueError as error:
        return replace(opened, fault=f"`split`: {error}", order=Order(starts, ()), unchecked=None)


def _open_remote(opened: EntryFacts, entry: Entry, surveying: Surveying, registry: Registry) -> EntryFacts:
    """Fetch an entry from the hub or from cloud storage; it has no order of files and its rows are the split's. Of data
    that are named as the hub does, the organisation stands for the folder.
    """
    from validator.catalog.remote_rows import UnreachableError, survey_cloud, survey_hub

    surveying(entry.location)
    try:
        survey = survey_hub(entry) if entry.source == "hub" else survey_cloud(entry)
    except UnreachableError as error:
        return replace(opened, unchecked=clip(str(error), 500))
    except ValueError as error:
        return replace(opened, fault=str(error))
    name = registry.path.name if registry.is_data else entry.location
    return replace(opened, files=(FileFacts(name, survey=survey),))


def _contents(path: Path, name: str, cache: Cache | None, loader: Loader) -> list[FileFacts]:
    """A file as it is; of one that the loader unpacks, what it holds. Raises OSError where that cannot be written."""
    try:
        packing = packing_of(path)
        kind = file_type(path.name)
        if packing is None or (loader.unpacks is not None and kind not in loader.unpacks):
            return [FileFacts(name)]
        if loader.unpacks is None:
            unread = f"is packed ({packing}), and how this trainer reads such files is not known; unpack it"
            return [FileFacts(name, "packed", unread)]
        if cache is None:
            return [FileFacts(name, "packed", f"is packed ({packing}), and there is no run folder to unpack it into")]
        digest = digest_file(path)
    except OSError as error:
        return [FileFacts(name, "unreadable", error.strerror or str(error))]
    try:
        unpacked = cache.unpacked.of(path, packing, digest)
    except ChangedDataError:
        return [FileFacts(name, "unreadable", "it changed while it was read")]
    if unpacked.unread is not None:
        return [FileFacts(name, "packed", unpacked.unread)]
    packed = [Packed(name, packing, digest, place) for place in unpacked.places]
    if not unpacked.names:
        survey = Survey("empty", digest=digest_file(Path(packed[0].place)))
        if unpacked.fault is not None:
            survey.refuse(None, None, unpacked.fault)
        return [FileFacts(name, survey=survey, seen=look(packed[0].place), packed=packed[0])]
    return [
        FileFacts(name if member is None else f"{name}/{member}", packed=part)
        for member, part in zip(unpacked.names, packed, strict=True)
    ]


def _open_file(
    path: Path,
    file: FileFacts,
    schema: Schema | None,
    cache: Cache | None,
    loader: Loader,
    seen: Identity | None,
    *,
    whole: bool,
) -> FileFacts:
    """The file with its survey, where it has none yet. `path` is that of what is in the registry's folder, `seen` what
    that was before it was read, if it was looked at.
    """
    if file.problem is not None or file.survey is not None:
        return file
    name = str(path)
    if file.packed is not None:
        name += file.name.removeprefix(file.packed.file)
        path, seen = Path(file.packed.place), None
    try:
        seen = seen or look(str(path))
        survey = _survey(path, name, schema, cache, loader, seen, whole=whole)
        if loader.mixes:
            survey = with_mixed(survey, path, plain=loader.plain)
        return replace(file, survey=survey, seen=seen)
    except OSError as error:
        return replace(file, problem="unreadable", detail=error.strerror or str(error))


def _survey(
    path: Path, name: str, schema: Schema | None, cache: Cache | None, loader: Loader, seen: Identity, *, whole: bool
) -> Survey:
    """The survey of a file that was `seen`: a known one where it has stayed, or its new lines where it has grown; a new
    one, which is known from now on, where it must be `whole`. `name` knows it again.
    """
    kind = f"{path.suffix} {loader.name}"
    known = cache.checkpoint(name, kind) if cache is not None and seen.size > LOADER_CHUNK else None
    digest, grown = read_again(path, known)

    def make() -> Survey:
        survey = survey_file(path, schema, digest, loader, grown, whole=whole)
        checkpoint, survey.checkpoint = survey.checkpoint, None
        if cache is not None and checkpoint is not None and look(str(path)) == seen:
            cache.keep_checkpoint(name, kind, checkpoint)
        return survey

    if cache is None or seen.size <= _SMALL:
        return make()
    return cache.survey(digest, kind, schema, make, anew=whole)

"""Measures one raw row: conversion, media, encoding, counts, in the trainer's order, past its first failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import xxhash

from validator.catalog.entry import Entry
from validator.catalog.json_rows import RawRow
from validator.catalog.survey import Survey
from validator.conversation.convert import convert
from validator.conversation.row_view import RowView
from validator.conversation.sample import PLACEHOLDERS, MediaKind, MediaReference, Problem, Sample
from validator.facts.budget import Limits, media_tokens, spend
from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.findings import clip
from validator.media.advice import advice_on
from validator.media.geometry import ImageLimits
from validator.media.probe import ImageProbe, probe_bytes, probe_image
from validator.media.video import LATER, VideoProbe, probe_frames, probe_video, settle
from validator.settings import Settings
from validator.tokens.encode import EncodedTurn, TrainerError, check_messages, encode_turns
from validator.tokens.encoder import special_pattern
from validator.tokens.processor import Processor, load_processor
from validator.tokens.template import PAD_TOKENS

_LYING = frozenset((5, 6, 7, 8))
"""EXIF orientations that exchange width and height."""


def limits_of(settings: Settings, processor: Processor) -> Limits:
    """The settings that decide counts, with the processor's own limits."""
    image = ImageLimits(
        settings.image_max_pixels,
        settings.image_min_pixels,
        processor.min_pixels,
        processor.max_pixels,
        processor.patch_size,
        processor.merge_size,
    )
    return Limits(image, settings.cutoff_len, settings.mask_history, settings.train_on_prompt)


class Measurer:
    """Measures the rows of one file under one set of settings. The processor is shared within the process."""

    def __init__(self, entry: Entry, file: str, survey: Survey, settings: Settings) -> None:
        self.entry, self.file, self.settings = entry, file, settings
        self._refused = {refusal.row for refusal in survey.refusals}
        self.processor = load_processor(settings.processor)
        self.limits = limits_of(settings, self.processor)
        self._view = RowView(entry, survey.types)
        self._media_dir = settings.resolved_media_dir if entry.source in ("file", "script") else ""
        self._pads = {kind: self.processor.token_id(token) for kind, token in PAD_TOKENS.items()}
        self._special: Callable[[str], list[str]] = special_pattern(self.processor.encoder.special_tokens).findall

    def convert(self, raw: RawRow) -> Sample:
        """The sample that the trainer makes of a row."""
        return convert(self._view(raw.value), self.entry, self._media_dir)

    def measure(self, raw: RawRow) -> RowFacts:
        """The facts of one row."""
        facts = self._new(raw)
        if raw.unread or (raw.fault is not None and not facts.refused):
            return self.leave_unchecked(raw, raw.fault)
        if raw.fault is not None:
            facts.outcome, facts.trainer_error = "crash", "DatasetGenerationError"
            facts.problems.append(Problem("unparsable", message=raw.fault))
            return facts
        if lost := [name for name in raw.undecodable if self._view.reads(name)]:
            facts.outcome, facts.trainer_error = "crash", "UnicodeDecodeError"
            facts.problems.append(Problem("not-utf8", exception="UnicodeDecodeError", message=lost[0]))
            return facts
        sample = self.convert(raw)
        for name in raw.undecodable:
            sample.note("not-utf8", None, name)
        facts.filled = _filled(sample)
        facts.media = self._media(sample)
        if endless := next((item for item in facts.media if item.fault == "endless"), None):
            facts.outcome = "unchecked"
            facts.unchecked = f"the {endless.kind} `{clip(endless.written)}` takes too long to load: {endless.message}"
        _fail_in_loader(sample, facts.media)
        encoded = None if endless else self._follow_trainer(sample, facts)
        facts.turns = self._turns(sample, encoded)
        facts.problems = sample.problems
        if encoded is not None:
            self._count(facts)
        return facts

    def leave_unchecked(self, raw: RawRow, reason: str | None = None) -> RowFacts:
        """The record of a row that cannot be checked: identity only. `reason` is None where the whole entry cannot."""
        facts = self._new(raw)
        facts.outcome, facts.unchecked = "unchecked", reason
        return facts

    def _new(self, raw: RawRow) -> RowFacts:
        content_hash = xxhash.xxh3_128_hexdigest(raw.raw)
        facts = RowFacts(self.entry.name, self.file, raw.index, self._sample_id(raw), content_hash)
        facts.refused = raw.index in self._refused
        return facts

    def _sample_id(self, raw: RawRow) -> str:
        given = raw.value.get("id") if isinstance(raw.value, dict) else None
        if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
            return str(given)[:200]
        return f"{self.file}:{raw.index}"

    def _follow_trainer(self, sample: Sample, facts: RowFacts) -> list[EncodedTurn] | None:
        """Walk the trainer's path until it crashes, drops the row, or yields it; only then are there encoded turns."""
        if sample.crash is None and sample.dropped:
            facts.outcome = "dropped"
            return None
        try:
            if sample.crash is None:
                check_messages(sample)
                tokens = {kind: self._tokens(sample, facts.media, kind) for kind in PAD_TOKENS}
                return encode_turns(sample, self.processor, self.settings.default_system, tokens)
        except TrainerError as error:
            sample.fail(error.kind, error.cause, error.turn)
        facts.outcome = "crash"
        facts.trainer_error = f"{sample.crash.exception}: {sample.crash.message}" if sample.crash else None
        return None

    def _tokens(self, sample: Sample, media: list[MediaFacts], kind: MediaKind) -> list[int]:
        """Tokens of each medium of a kind. Raises TrainerError for the first that the trainer cannot use."""
        tokens = []
        items = [item for item in media if item.kind == kind]
        for reference, item in zip(sample.media.get(kind, []), items, strict=True):
            if reference.problem is not None or (item.fault is not None and item.fault not in LATER):
                raise TrainerError("media-unreadable", _media_error(reference, item))
            try:
                tokens.append(media_tokens(item, self.limits))
            except (ValueError, ZeroDivisionError) as error:
                raise TrainerError("image-size", error) from None
        return tokens

    def _media(self, sample: Sample) -> list[MediaFacts]:
        facts = []
        for kind, references in sample.media.items():
            owners = _owners(sample, kind)
            bases = [
                MediaFacts(
                    kind, reference.index, reference.written, reference.form,
                    owners[reference.index] if reference.index < len(owners) else None,
                )
                for reference in references
            ]  # fmt: skip
            if kind == "image":
                bases = [self._image(base, reference) for base, reference in zip(bases, references, strict=True)]
            elif kind == "video":
                bases = self._videos(bases, references)
            facts += bases
        return facts

    def _image(self, base: MediaFacts, reference: MediaReference) -> MediaFacts:
        if reference.data is not None or reference.target is not None:
            probe = self._probe(reference)
            return replace(base, **asdict(probe), advice=self._advice(reference, probe))
        return _unusable(base, reference)

    def _videos(self, bases: list[MediaFacts], references: list[MediaReference]) -> list[MediaFacts]:
        depth = self.settings.integrity
        probes = []
        for reference in references:
            if reference.frames is not None:
                probes.append(probe_frames(reference.frames, depth))
            elif reference.target is not None:
                probes.append(probe_video(reference.target, depth))
            else:
                probes.append(VideoProbe(fault="not-a-path"))
        facts = []
        for base, reference, probe, fed in zip(bases, references, probes, settle(probes), strict=True):
            frames = fed.frames
            item = replace(
                base,
                num_bytes=probe.num_bytes,
                format=probe.format,
                width=frames.width if frames else None,
                height=frames.height if frames else None,
                frames=frames.number if frames else None,
                fault=fed.fault,
                exception=fed.exception,
                message=fed.message,
                found=probe.found,
            )
            facts.append(_unusable(item, reference))
        return facts

    def _probe(self, reference: MediaReference) -> ImageProbe:
        depth = self.settings.integrity
        if reference.data is not None:
            probe = probe_bytes(reference.data, depth)
        else:
            probe = probe_image(reference.target or "", depth)
        if not reference.decoded or probe.orientation is None:
            return probe
        if probe.orientation in _LYING and probe.width is not None:
            return replace(probe, width=probe.height, height=probe.width, orientation=1)
        return replace(probe, orientation=1)

    def _advice(self, reference: MediaReference, probe: ImageProbe) -> str | None:
        if not self.settings.advice:
            return None
        return advice_on(reference.data if reference.data is not None else reference.target or "", probe)

    def _turns(self, sample: Sample, encoded: list[EncodedTurn] | None) -> list[TurnFacts]:
        turns = []
        by_index = {item.turn.index: item for item in encoded or () if item.turn is not None}
        system = next((item for item in encoded or () if item.turn is None), None)
        if sample.system or system is not None:
            turns.append(self._turn(sample.system_turn, "system", sample.system, system))
        turns += [self._turn(turn.index, turn.role, turn.content, by_index.get(turn.index)) for turn in sample.turns]
        return turns

    def _turn(self, index: int | None, role: str, content: object, encoded: EncodedTurn | None) -> TurnFacts:
        text = content if isinstance(content, str) else ""
        return TurnFacts(
            index,
            role,
            tuple(encoded.slots) if encoded else (),
            tuple(map(len, encoded.texts)) if encoded else None,
            self._loose_pads(encoded, "image"),
            self._loose_pads(encoded, "video"),
            tuple(dict.fromkeys(self._special(text))),
            (text.count("<image>"), text.count("<video>"), text.count("<audio>")),
            len(text),
            isinstance(content, str) and not text.strip(),
        )

    def _loose_pads(self, encoded: EncodedTurn | None, kind: MediaKind) -> tuple[int, ...]:
        pad = self._pads[kind]
        if encoded is None or not any(pad in text for text in encoded.texts):
            return ()
        ids = [token for text in encoded.texts for token in text]
        return tuple(place for place, token in enumerate(ids) if token == pad)

    def _count(self, facts: RowFacts) -> None:
        budget = facts.budget = spend(facts.turns, facts.media, self.limits)
        facts.num_tokens, facts.num_tokens_full = budget.num_tokens, budget.num_tokens_full
        facts.num_image_tokens, facts.num_video_tokens = budget.num_image_tokens, budget.num_video_tokens
        facts.num_text_tokens = budget.num_tokens - budget.num_image_tokens - budget.num_video_tokens
        facts.num_label_tokens = budget.num_label_tokens
        facts.image_tokens = list(budget.image_tokens)


def _fail_in_loader(sample: Sample, media: list[MediaFacts]) -> None:
    """Image columns are decoded while the row is read: a fault stops the trainer even where it would drop the row."""
    references = [reference for kind in sample.media.values() for reference in kind]
    for reference, image in zip(references, media, strict=True):
        if reference.decoded and sample.crash is None and (reference.problem is not None or image.fault is not None):
            sample.fail("media-unreadable", _media_error(reference, image), image.turn, reference.index)


def _owners(sample: Sample, kind: str) -> list[int]:
    """For each placeholder of a kind, in order, the turn that holds it."""
    placeholder = PLACEHOLDERS[kind]  # type: ignore[index]
    return [
        turn.index
        for turn in sample.turns
        if isinstance(turn.content, str)
        for _ in range(turn.content.count(placeholder))
    ]


def _filled(sample: Sample) -> tuple[str, ...]:
    names = [name for name in ("system", "tools") if getattr(sample, name) is not None]
    return (*names, *(f"{kind}s" for kind, references in sample.media.items() if references))


def _unusable(base: MediaFacts, reference: MediaReference) -> MediaFacts:
    """The facts of a reference that is no path; all others as they are."""
    problem = reference.problem
    if problem is None:
        return base
    return replace(base, fault="not-a-path", exception=problem.exception, message=problem.message)


def _media_error(reference: MediaReference, image: MediaFacts) -> Exception:
    """The exception that the trainer stops with, by name and message."""
    name = reference.problem.exception if reference.problem else image.exception or "OSError"
    message = reference.problem.message if reference.problem else image.message or ""
    made: Exception = type(name, (Exception,), {})(message)
    return made

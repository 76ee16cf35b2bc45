"""Measures the media of one sample: which turn each belongs to, and what is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from validator.conversation.media_paths import SHOWN, resolve
from validator.conversation.sample import PLACEHOLDERS, MediaKind, MediaReference, Sample
from validator.facts.record import MediaFacts
from validator.media.advice import advice_on
from validator.media.likeness import likeness_of
from validator.media.probe import known_as, probe_bytes, probe_image, wanted
from validator.media.video import VideoProbe, probe_frames, probe_video, settle, with_frames
from validator.media.video import known_as as video_known_as
from validator.media.video import wanted as wanted_video
from validator.media.video_recipe import VideoRecipe
from validator.media.whereabouts import whereabouts
from validator.records.image_probe import ImageProbe
from validator.settings import Settings
from validator.storage.media_files import MediaFiles, Wanted
from validator.trainers.base import Trainer

_LYING = frozenset((5, 6, 7, 8))
"""EXIF orientations that exchange width and height."""

_NOT_ON_WHITE = frozenset(("LA", "PA", "La", "RGBa"))
"""Modes with an alpha channel that only those put on white who do it with all."""


class MediaMeasurer:
    """Measures media as deep as the settings say. `files` remembers what was seen; `times`: when the frames of videos
    are shown is kept.
    """

    def __init__(self, settings: Settings, files: MediaFiles, *, times: bool = False) -> None:
        self._settings, self._trainer, self._files, self._times = settings, settings.profile, files, times
        recipe = self._trainer.video or VideoRecipe()
        self._recipe = (recipe.told if times else None) or recipe

    def measure(self, sample: Sample) -> list[MediaFacts]:
        """The facts of all media of a sample, in the order of its columns."""
        references = [reference for kind in sample.media.values() for reference in kind]
        for reference in references:
            resolve(reference, self._files)
        facts: list[MediaFacts] = []
        for kind, of_kind in sample.media.items():
            owners = _owners(sample, kind)
            turns = [*owners[: len(of_kind)], *[None] * (len(of_kind) - len(owners))]
            if kind == "image":
                facts += map(self._image, of_kind, turns)
            elif kind == "video":
                facts += self._videos(of_kind, turns)
            else:
                facts += map(_facts, of_kind, turns)
        return [
            self._where(item, reference.target)
            if item.probe.fault == "missing" and reference.target is not None
            else item
            for item, reference in zip(facts, references, strict=True)
        ]

    def wanted(self, sample: Sample) -> Iterator[Wanted]:
        """What is asked of the media of a sample."""
        depth = self._settings.integrity
        for kind, references in sample.media.items():
            for reference in references if kind != "audio" else ():
                if reference.data is not None:
                    continue
                if kind == "image" or reference.frames is not None:
                    want, name = wanted(depth), known_as(depth)
                else:
                    want, name = wanted_video(depth), video_known_as(depth, self._recipe)
                for path in reference.frames if reference.frames is not None else (reference.target,):
                    if path is not None:
                        yield Wanted(self._files.join(path) if reference.below_root else path, want, name)

    def _where(self, item: MediaFacts, path: str) -> MediaFacts:
        """What is known of a file that is not where its path says."""
        elsewhere, folder = whereabouts(path, self._files)
        return replace(item, elsewhere=elsewhere and elsewhere[:SHOWN], no_folder=folder and folder[:SHOWN])

    def _image(self, reference: MediaReference, turn: int | None) -> MediaFacts:
        if reference.data is None and reference.target is None:
            return _facts(reference, turn, ImageProbe())
        probe = self._probe(reference)
        if probe.content:
            probe = replace(probe, content=words_under(probe, self._trainer))
        if self._settings.advice and (advice := self._advice(reference, probe)):
            probe = replace(probe, advice=advice)
        facts = _facts(reference, turn, probe)
        if self._settings.preview:
            facts.likeness = self._likeness(reference, probe)
        return facts

    def _videos(self, references: list[MediaReference], turns: list[int | None]) -> list[MediaFacts]:
        depth, recipe = self._settings.integrity, self._recipe
        probes = []
        for reference in references:
            if reference.frames is not None:
                sure = recipe.sampler in ("by-length", "up-to-most")
                resized = self._trainer.frame_size if sure else None
                probes.append(probe_frames(reference.frames, depth, self._files, resized=resized, recipe=recipe))
            elif reference.target is not None:
                probe = probe_video(reference.target, depth, self._files, recipe)
                probes.append(probe if reference.named_frames is None else with_frames(probe, reference.named_frames))
            else:
                probes.append(VideoProbe(fault="not-a-path"))  # `_unusable` says why
        facts = []
        for reference, turn, probe, fed in zip(references, turns, probes, settle(probes), strict=True):
            seen = ImageProbe(
                num_bytes=probe.num_bytes,
                format=probe.format,
                width=fed.frames.width if fed.frames else None,
                height=fed.frames.height if fed.frames else None,
                frames=fed.frames.number if fed.frames else None,
                orientation=probe.orientation,
                fault=fed.fault,
                exception=fed.exception,
                message=fed.message,
                found=probe.found,
            )
            seconds = tuple(probe.seconds) if self._times else ()
            facts.append(replace(_facts(reference, turn, seen), shown=probe.shown, seconds=seconds))
        return facts

    def _probe(self, reference: MediaReference) -> ImageProbe:
        depth = self._settings.integrity
        if reference.data is not None:
            probe = probe_bytes(reference.data, depth)
        else:
            probe = probe_image(reference.target or "", depth, self._files)
        if not (reference.decoded or self._trainer.applies_exif) or probe.orientation is None:
            return probe
        if probe.orientation in _LYING and probe.width is not None:
            return replace(probe, width=probe.height, height=probe.width, orientation=1)
        return replace(probe, orientation=1)

    def _advice(self, reference: MediaReference, probe: ImageProbe) -> str | None:
        return advice_on(reference.data if reference.data is not None else reference.target or "", probe)

    def _likeness(self, reference: MediaReference, probe: ImageProbe) -> str | None:
        if probe.fault is not None or self._settings.integrity == "header":
            return None
        if reference.data is not None:
            return likeness_of(reference.data)
        path = reference.target or ""
        return likeness_of(self._files.read(path) if self._files.is_remote(path) else path)


def words_under(probe: ImageProbe, trainer: Trainer) -> tuple[str, ...]:
    """The words for an image's content, without those of what a trainer does not do with its transparency. Where one
    colour is transparent, qwen-vl-utils drops that first and the processor puts the same colour on white then.
    """
    done = {"alpha-lost", "lost-on-white"}
    if trainer.on_white == "nothing" or (trainer.on_white != "all" and probe.mode in _NOT_ON_WHITE):
        done = {"alpha-lost"}
    elif trainer.on_white == "all" or probe.mode == "RGBA":
        done = {"lost-on-white"}
    return tuple(word for word in probe.content if word in done or word not in ("alpha-lost", "lost-on-white"))


def _owners(sample: Sample, kind: MediaKind) -> list[int]:
    """For each placeholder of a kind, in order, the turn that holds it."""
    placeholder = PLACEHOLDERS[kind]
    owners: list[int] = []
    for turn in sample.turns:
        if isinstance(turn.content, str) and placeholder in turn.content:
            owners += [turn.index] * turn.content.count(placeholder)
    return owners


def _facts(reference: MediaReference, turn: int | None, probe: ImageProbe | None = None) -> MediaFacts:
    """What is known of a reference and of the file behind it, which is none where the reference is no path. `turn`:
    whose placeholder it fills.
    """
    if probe is not None and (problem := reference.problem) is not None:
        probe = replace(probe, fault="not-a-path", exception=problem.exception, message=problem.message)
    return MediaFacts(
        kind=reference.kind,
        index=reference.index,
        written=reference.written,
        form=reference.form,
        turn=turn,
        decoded=reference.decoded and reference.data is not None,
        probe=probe or ImageProbe(),
    )

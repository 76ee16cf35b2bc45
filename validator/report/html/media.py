"""The media of a sample: what is known of each, what the trainer makes of it, and what there is to draw."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from PIL import Image

from validator.conversation.sample import MediaReference
from validator.facts.budget import Limits, media_tokens
from validator.facts.record import MediaFacts
from validator.media.geometry import LARGE_PIXELS, ImageLimits
from validator.media.video import LATER
from validator.report.html.samples import Shown
from validator.report.html.shapes import RowDrawn
from validator.report.html.thumbnails import Drawing, Thumbnails

MEDIA, PICTURES = 12, 4
"""Shown of a row, and drawn."""
_SLOW = 4 * LARGE_PIXELS
"""Pixels x scans of an image above which it is not drawn."""
_FED = (None, *LATER)
_DRAWN = (*_FED, "truncated")
"""Faults of media with which they reach the processor, and that leave something to be seen."""


def media(
    item: Shown,
    limits: Limits | None,
    thumbnails: Mapping[tuple[str, str, int, str, int], Thumbnails],
    shapes: RowDrawn | None = None,
) -> list[dict[str, Any]]:
    """The media of a row, those with pictures first: what is known of each, what becomes of it, and its boxes."""
    kept: Counter[tuple[str, int | None]] = Counter()
    for segment in item.strip:
        if segment.span.kind != "text":
            kept[segment.span.kind, segment.span.medium] += segment.kept
    found = []
    for facts in item.facts.media[:MEDIA]:
        shape = fed_shape(facts, limits)
        tokens = _tokens(facts, limits)
        known = bool(item.strip) and tokens is not None
        pictures = thumbnails.get((*item.key, facts.kind, facts.index))
        found.append(
            {
                "kind": facts.kind, "index": facts.index, "written": facts.written, "format": facts.probe.format,
                "mode": facts.probe.mode, "bytes": facts.probe.num_bytes,
                "size": (facts.probe.width, facts.probe.height) if facts.probe.width else None,
                "frames": facts.probe.frames if facts.kind == "video" else None, "fed": shape, "tokens": tokens,
                "kept": kept[facts.kind, facts.index] if known else None,
                "distortion": _distortion(facts, shape), "orientation": facts.probe.orientation,
                "fault": facts.probe.fault, "message": facts.probe.message or facts.probe.found,
                "cells": _cells(shape, limits),
                "shapes": shapes.images.get(facts.index) if shapes is not None and facts.kind == "image" else None,
                "original": _uri(pictures.original) if pictures else None,
                "resized": _uri(pictures.fed) if pictures and pictures.fed else None,
            }
        )  # fmt: skip
    return sorted(found, key=lambda one: (one["original"] is None, one["kept"] == one["tokens"]))


def tasks(item: Shown, limits: Limits | None) -> list[Drawing]:
    """What there is to draw of a row's media: first those that are cut, then those that a finding names."""
    found: list[Drawing] = []
    cut = {(part.span.kind, part.span.medium) for part in item.strip if part.kept < part.tokens}
    named = {finding["media_index"] for finding in item.findings}
    ordered = sorted(item.facts.media, key=lambda one: ((one.kind, one.index) not in cut, one.index not in named))
    for facts in ordered:
        reference = item.media.get((facts.kind, facts.index))
        if len(found) < PICTURES and reference is not None and _drawable(facts):
            source = reference.data if reference.data is not None else _path(reference)
            if source is not None:
                shape = fed_shape(facts, limits) if facts.probe.fault in _FED else None
                film = facts.kind == "video" and reference.frames is None
                key = (*item.key, facts.kind, facts.index)
                turned = reference.decoded or (limits is not None and limits.trainer.applies_exif)
                found.append(Drawing(key, source, film, shape, _resize(facts, limits), turned))
    return found


def _drawable(facts: MediaFacts) -> bool:
    pixels = (facts.probe.width or 0) * (facts.probe.height or 0)
    return facts.probe.fault in _DRAWN and facts.kind != "audio" and 0 < pixels * (facts.probe.scans or 1) <= _SLOW


def _of_medium(facts: MediaFacts, limits: Limits) -> ImageLimits:
    """The trainer's limits for an image or a frame."""
    image = limits.image
    if facts.kind == "video":
        return replace(image, max_pixels=image.video_max_pixels, min_pixels=image.video_min_pixels)
    return image


def _resize(facts: MediaFacts, limits: Limits | None) -> Callable[[Image.Image], Image.Image] | None:
    """What resizes an image or a frame before the processor does; None where nothing does, or not by Pillow alone."""
    if limits is None or not limits.trainer.resizes_by_pillow:
        return None
    return partial(limits.trainer.resize, limits=_of_medium(facts, limits))


def _path(reference: MediaReference) -> str | None:
    path = reference.frames[0] if reference.frames else reference.target
    return path if path and "://" not in path else None


def fed_shape(facts: MediaFacts, limits: Limits | None) -> tuple[int, int] | None:
    """The size (width, height) that the processor resizes an image or a frame to; None where the trainer stops."""
    if limits is None or not facts.probe.width or not facts.probe.height or facts.kind == "audio":
        return None
    image, width, height = limits.image, facts.probe.width, facts.probe.height
    try:
        if facts.kind == "video":
            rows, columns = limits.trainer.frame_grid(width, height, facts.probe.frames or 0, image)
        else:
            rows, columns = limits.trainer.image_grid(width, height, image)
    except ValueError:
        return None
    return columns * image.patch_size, rows * image.patch_size


def _tokens(facts: MediaFacts, limits: Limits | None) -> int | None:
    if limits is None or not facts.probe.width or facts.kind == "audio":
        return None
    try:
        return media_tokens(facts, limits)
    except ValueError:
        return None


def _cells(shape: tuple[int, int] | None, limits: Limits | None) -> tuple[int, int] | None:
    """Tokens along the sides of an image."""
    return (shape[0] // limits.image.factor, shape[1] // limits.image.factor) if shape and limits else None


def _distortion(facts: MediaFacts, shape: tuple[int, int] | None) -> float | None:
    """By what factor one side is stretched against the other."""
    if shape is None or not facts.probe.width or not facts.probe.height:
        return None
    ratio = (shape[0] / shape[1]) / (facts.probe.width / facts.probe.height)
    return max(ratio, 1 / ratio)


def _uri(data: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(data).decode()

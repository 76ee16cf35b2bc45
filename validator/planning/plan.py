"""Plans: pairs of `cutoff_len` and `image_max_pixels` counted on a finished run, and the one that is recommended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from validator.coordinates.systems import own_system
from validator.engine.coordinates import certain_systems
from validator.engine.rejudge import limits_under
from validator.engine.run_files.finished import FinishedRun
from validator.facts.recipe import limits_of
from validator.findings import count
from validator.planning.counts import Counts, Expanded, Sizes
from validator.planning.laid_out import read
from validator.planning.padding import padded_tokens
from validator.planning.small_boxes import SmallBoxes, small_boxes
from validator.settings import Settings
from validator.tokens.processor import load_processor

ENOUGH_LABELS = 0.999
"""Share of the label tokens that a sound setting keeps."""


@dataclass(frozen=True, slots=True)
class Option:
    """One pair of limits and what it makes of the run."""

    cutoff_len: int
    image_max_pixels: int
    counts: Counts
    padding_waste: float
    small_boxes: SmallBoxes | None = None
    """Boxes smaller than a token at this pixel limit, where they were counted."""

    @property
    def labels_kept(self) -> float:
        """Share of the label tokens that the cutoff leaves, of the rows that are trained on."""
        return (
            self.counts.num_label_tokens / self.counts.num_label_tokens_full if self.counts.num_label_tokens_full else 1
        )

    @property
    def sound(self) -> bool:
        """Whether the cutoff stops nothing and takes next to no label."""
        return not self.counts.image_cut and not self.counts.label_free and self.labels_kept >= ENOUGH_LABELS

    def record(self) -> dict[str, Any]:
        """As it is written to JSON."""
        counts = self.counts
        return {
            "cutoff_len": self.cutoff_len,
            "image_max_pixels": self.image_max_pixels,
            "rows": {
                "total": counts.rows,
                "crashed": counts.crashed,
                "image_cut": counts.image_cut,
                "cut": counts.cut,
                "label_free": counts.label_free,
                "whole": counts.whole,
                "dropped": counts.dropped,
                "unchecked": counts.unchecked,
            },
            "tokens_per_epoch": counts.num_tokens,
            "visual_tokens": counts.num_visual_tokens,
            "label_tokens": counts.num_label_tokens,
            "labels_kept": round(self.labels_kept, 6),
            "padding_waste": round(self.padding_waste, 6),
            "longest_row": counts.longest,
            "sound": self.sound,
            "boxes": self.small_boxes.boxes if self.small_boxes else None,
            "small_boxes": self.small_boxes.small if self.small_boxes else None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The options in the order of pixel limits, then cutoffs; `current` are the run's own limits."""

    settings: Settings
    options: tuple[Option, ...]
    current: Option
    batch_size: int

    @property
    def recommended(self) -> Option:
        """Of the sound options that with the largest images, and of those the smallest cutoff; where none is sound, the
        one at which training stops least often, then loses the fewest labels.
        """
        return min(self.options, key=_worth)

    def advice(self) -> list[str]:
        """The recommendation and what it costs, in sentences."""
        return list(_advice(self))

    def record(self) -> dict[str, Any]:
        """As it is written to JSON."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "batch_size": self.batch_size,
            "options": [option.record() for option in self.options],
            "current": self.current.record(),
            "recommended": {
                "cutoff_len": self.recommended.cutoff_len,
                "image_max_pixels": self.recommended.image_max_pixels,
                "why": self.advice(),
            },
        }


def plan(
    run: FinishedRun,
    cutoffs: Sequence[int],
    pixels: Sequence[int],
    batch_size: int,
    progress: Callable[[int], None] = lambda rows: None,
) -> Plan:
    """Count every pair of limits on the facts of a finished run (without any: its own). `progress` gets the rows done.

    Raises ValueError where the trainer would refuse a limit.
    """
    settings = limits_under(run, {})
    own = (settings.image_max_pixels, settings.cutoff_len)
    wanted = {(most, cutoff) for most in pixels or own[:1] for cutoff in cutoffs or own[1:]}
    asked: dict[int, list[int]] = {}
    for most, cutoff in sorted(wanted | {own}):
        asked.setdefault(most, []).append(cutoff)
    processor = load_processor(settings.processor)
    limits = {
        (most, cutoff): limits_of(limits_under(run, {"image_max_pixels": most, "cutoff_len": cutoff}), processor)
        for most, some in asked.items()
        for cutoff in some
    }
    counts = {pair: Counts() for pair in limits}
    sizes: dict[int, Sizes] = {most: {} for most in asked}
    done = 0
    for laid in read(run.samples_table()):
        spans = settings.profile.span_table(laid.spans, limits[own])
        for most, some in asked.items():
            expanded = Expanded(laid, spans, limits[most, some[0]], sizes[most])
            for cutoff in some:
                expanded.count(limits[most, cutoff], counts[most, cutoff])
        done += laid.rows
        progress(done)
    small = small_boxes(
        run.samples_table(),
        {most: limits[most, some[0]] for most, some in asked.items()},
        limits[own],
        own_system(processor.family.coordinates),
        certain_systems(run),
    )
    multiple = settings.profile.batch.pad_to_multiple_of
    options = {
        pair: replace(option_of(pair, counts[pair], batch_size, multiple), small_boxes=small[pair[0]])
        for pair in counts
    }
    return Plan(settings, tuple(options[pair] for pair in sorted(wanted)), options[own], batch_size)


def option_of(pair: tuple[int, int], counts: Counts, batch_size: int, multiple: int) -> Option:
    """Counts under a pair (image_max_pixels, cutoff_len), and the padding of batches of so many rows."""
    padded = padded_tokens(counts.lengths, batch_size, multiple)
    return Option(pair[1], pair[0], counts, 1 - counts.num_tokens / padded if padded else 0.0)


def _worth(option: Option) -> tuple[float, ...]:
    if option.sound:
        return (0, 0, 0, -option.image_max_pixels, option.cutoff_len)
    return (1, option.counts.image_cut, -option.labels_kept, option.image_max_pixels, option.cutoff_len)


def _advice(plan: Plan) -> list[str]:
    best = plan.recommended
    counts = best.counts
    name = f"cutoff_len {best.cutoff_len}, image_max_pixels {best.image_max_pixels}"
    if best.sound:
        lost = (
            f"cuts {counts.cut:,} rows but keeps {best.labels_kept:.2%} of the label tokens"
            if counts.cut
            else "cuts no row"
        )
        lines = [f"{name}: the largest images tried at which the cutoff crashes no row; it {lost}."]
    else:
        lines = [
            f"{name}: no combination avoids cutting; this one crashes on the fewest rows, {counts.image_cut:,} with "
            f"image tokens cut, and keeps {best.labels_kept:.2%} of the label tokens of the others.",
            f"A cutoff_len of {counts.longest} would cut nothing at this image_max_pixels.",
        ]
    lines.append(
        f"It costs {counts.num_tokens:,} tokens per epoch, {counts.num_visual_tokens:,} of them visual, and "
        f"{best.padding_waste:.1%} of padding in batches of {plan.batch_size}; a step must hold a row of "
        f"{min(counts.longest, best.cutoff_len):,} tokens."
    )
    own = plan.current
    if (own.cutoff_len, own.image_max_pixels) != (best.cutoff_len, best.image_max_pixels):
        lines.append(f"{_against(best, own)} the limits of the run (cutoff_len {own.cutoff_len}, image_max_pixels "
                     f"{own.image_max_pixels}), at which training stops at {own.counts.crashed:,} rows.")  # fmt: skip
    if best.sound:
        cheapest = min((option for option in plan.options if option.sound), key=lambda option: option.counts.num_tokens)
        if cheapest.counts.num_tokens < counts.num_tokens:
            lines.append(
                f"Cheapest with almost no loss: cutoff_len {cheapest.cutoff_len}, image_max_pixels "
                f"{cheapest.image_max_pixels}, {1 - cheapest.counts.num_tokens / counts.num_tokens:.0%} fewer tokens."
            )
    if best.small_boxes is not None and best.small_boxes.small:
        lines.append(
            f"{best.small_boxes.share:.1%} of {best.small_boxes.boxes:,} boxes are smaller than a token at this "
            "image_max_pixels."
        )
    if counts.stopped:
        fail, them = ("fails", "it") if counts.stopped == 1 else ("fail", "them")
        lines.append(f"{count(counts.stopped, 'row')} {fail} in preprocessing at any limit: fix {them} first.")
    if counts.stopped_later:
        stop, them = ("stops", "it") if counts.stopped_later == 1 else ("stop", "them")
        why = "image tokens in the text, or a video that cannot be decoded"
        lines.append(f"{count(counts.stopped_later, 'row')} {stop} training at any limit ({why}): fix {them} first.")
    return lines


def _against(best: Option, own: Option) -> str:
    if not own.counts.num_tokens:
        return "Compare"
    change = best.counts.num_tokens / own.counts.num_tokens - 1
    return f"That is {abs(change):.0%} {'more' if change > 0 else 'fewer'} tokens than under"

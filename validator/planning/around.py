"""The plan that a report shows: the run's own limits, half and twice of each."""

from __future__ import annotations

from validator.engine.run_files.finished import FinishedRun
from validator.planning.plan import Plan, plan
from validator.settings import Settings

BATCH_SIZE = 8
"""Rows, for the padding."""


def around(run: FinishedRun, settings: Settings) -> Plan | None:
    """The plan of nine pairs around a finished run's own; None where its facts cannot be counted again."""
    cutoffs = [max(settings.cutoff_len // 2, 1), settings.cutoff_len, 2 * settings.cutoff_len]
    half = max(settings.image_max_pixels // 2, settings.image_min_pixels)
    pixels = [half, settings.image_max_pixels, 2 * settings.image_max_pixels]
    try:
        return plan(run, cutoffs, pixels, BATCH_SIZE)
    except (ValueError, OSError):  # the processor is gone, or the limits are at the edge of what the trainer takes
        return None

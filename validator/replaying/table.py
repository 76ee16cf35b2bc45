"""replay.parquet: one record per replayed sample, in the order dataset, file, row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from validator.facts.replayed import PARTS, Replayed, Step
from validator.records.arrow import type_of, types_of
from validator.run_folder import names
from validator.writing import whole_path

NAME = names.REPLAY
_NAMES = (
    *("dataset", "file", "row", "sample_id", "group", "verdict", "why", "exception", "stage", "modality", "num_tokens"),
    *("loss", "num_label_tokens", "logits_finite", "grad_norm"),
    *(f"grad_norm_{part}" for part in PARTS),
    *(f"grad_finite_{part}" for part in PARTS),
    *("grad_norm_token_normalised", "max_activation", "activations", "first_nonfinite", "relative_gradient_error"),
    *("gradient_cosine", "loss_score", "gradient_score", "control_loss", "control_grad_norm", "remedy", "remedies"),
    *("drifts", "ladder", "reference_verdict", "difference", "static", "disagreement", "risk_score", "agree"),
    *("seconds", "peak_bytes"),
)
_TYPES = {
    **{f"grad_norm_{part}": float for part in PARTS},
    **{f"grad_finite_{part}": bool for part in PARTS},
    **types_of(Step),
    **types_of(Replayed),
}
REPLAY = pa.schema([(name, type_of(_TYPES[name])) for name in _NAMES])
"""`grad_norm` is of the mean loss, `activations` the largest |value| after each block; frozen parts are null."""


def write(folder: Path, samples: Iterable[Replayed]) -> None:
    """Write replay.parquet whole or not at all."""
    ordered = sorted(samples, key=lambda sample: (sample.dataset, sample.file, sample.row, sample.group))
    table = pa.Table.from_pylist([_record(sample) for sample in ordered], schema=REPLAY)
    with whole_path(folder / NAME) as part:
        pq.write_table(table, part, compression="zstd")


def _record(sample: Replayed) -> dict[str, Any]:
    record = asdict(sample)
    record["ladder"] = list(sample.ladder.items())
    if (step := sample.step) is not None:
        record |= {name: value for name, value in asdict(step).items() if name not in types_of(Replayed)}
        record["activations"] = list(step.activations.items())
        record |= {f"grad_norm_{part}": step.grad_norms.get(part) for part in PARTS}
        record |= {f"grad_finite_{part}": step.grad_finite.get(part) for part in PARTS}
    return record

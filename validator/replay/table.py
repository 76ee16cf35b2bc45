"""replay.parquet: one record per replayed sample, in the order dataset, file, row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from validator.facts.replayed import PARTS, Range, Replayed
from validator.run_folder import names
from validator.writing import whole_path

NAME = names.REPLAY
_RANGE = pa.struct([("low", pa.float64()), ("middle", pa.float64()), ("high", pa.float64()), ("number", pa.int64())])
_REMEDY = pa.struct(
    [
        ("name", pa.string()),
        ("verdict", pa.string()),
        ("helps", pa.bool_()),
        ("effect", pa.string()),
        ("measured", pa.bool_()),
        ("pull", pa.float64()),
    ]
)
_DRIFT = pa.struct(
    [
        ("name", pa.string()),
        ("median", pa.float64()),
        ("raised", pa.int64()),
        ("seeds", pa.int64()),
        ("band", pa.float64()),
        ("destabilises", pa.bool_()),
    ]
)
REPLAY = pa.schema(
    [
        ("dataset", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("sample_id", pa.string()),
        ("group", pa.string()),
        ("verdict", pa.string()),
        ("why", pa.string()),
        ("exception", pa.string()),
        ("stage", pa.string()),
        ("modality", pa.string()),
        ("num_tokens", pa.int64()),
        ("loss", pa.float64()),
        ("num_label_tokens", pa.int64()),
        ("logits_finite", pa.bool_()),
        ("grad_norm", pa.float64()),
        *((f"grad_norm_{part}", pa.float64()) for part in PARTS),
        *((f"grad_finite_{part}", pa.bool_()) for part in PARTS),
        ("grad_norm_token_normalised", pa.float64()),
        ("max_activation", pa.float64()),
        ("activations", pa.map_(pa.string(), pa.float64())),
        ("first_nonfinite", pa.string()),
        ("relative_gradient_error", pa.float64()),
        ("gradient_cosine", pa.float64()),
        ("loss_score", pa.float64()),
        ("gradient_score", pa.float64()),
        ("control_loss", _RANGE),
        ("control_grad_norm", _RANGE),
        ("remedy", pa.string()),
        ("remedies", pa.list_(_REMEDY)),
        ("drifts", pa.list_(_DRIFT)),
        ("ladder", pa.map_(pa.string(), pa.string())),
        ("reference_verdict", pa.string()),
        ("difference", pa.string()),
        ("static", pa.list_(pa.string())),
        ("disagreement", pa.string()),
        ("risk_score", pa.float64()),
        ("agree", pa.bool_()),
        ("seconds", pa.float64()),
        ("peak_bytes", pa.int64()),
    ]
)
"""`grad_norm` is of the mean loss, `activations` the largest |value| after each block; frozen parts are null."""


def write(folder: Path, samples: Iterable[Replayed]) -> None:
    """Write replay.parquet whole or not at all."""
    ordered = sorted(samples, key=lambda sample: (sample.dataset, sample.file, sample.row, sample.group))
    table = pa.Table.from_pylist([_record(sample) for sample in ordered], schema=REPLAY)
    with whole_path(folder / NAME) as part:
        pq.write_table(table, part, compression="zstd")


def _record(sample: Replayed) -> dict[str, Any]:
    step = sample.step
    record: dict[str, Any] = {
        name: getattr(sample, name)
        for name in REPLAY.names
        if name in Replayed.__dataclass_fields__
        and name not in ("control_loss", "control_grad_norm", "ladder", "remedies", "drifts")
    }
    record |= {
        "static": list(sample.static),
        "ladder": list(sample.ladder.items()),
        "remedies": [asdict(remedy) for remedy in sample.remedies],
        "drifts": [asdict(drift) for drift in sample.drifts],
        "control_loss": _range(sample.control_loss),
        "control_grad_norm": _range(sample.control_grad_norm),
    }
    if step is not None:
        record |= {name: getattr(step, name) for name in REPLAY.names if name in _STEP}
        record["activations"] = list(step.activations.items())
        record |= {f"grad_norm_{part}": step.grad_norms.get(part) for part in PARTS}
        record |= {f"grad_finite_{part}": step.grad_finite.get(part) for part in PARTS}
    return record


_STEP = (
    "exception", "stage", "loss", "num_label_tokens", "logits_finite", "grad_norm", "max_activation", "first_nonfinite",
    "seconds", "peak_bytes",
)  # fmt: skip


def _range(found: Range | None) -> dict[str, float | int] | None:
    if found is None:
        return None
    return {"low": found.low, "middle": found.middle, "high": found.high, "number": found.number}

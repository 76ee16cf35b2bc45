"""What the rules on a checkpoint see."""

from __future__ import annotations

from dataclasses import dataclass, field

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """One tensor: `name` as in transformers 5, `written` as in the file. `first` is the index of its first element that
    is not finite. `drift` is the length of its change since the base over the base's length; None without a base.
    """

    name: str
    written: str
    shard: str
    dtype: str
    shape: Shape
    non_finite: int = 0
    first: Shape | None = None
    largest: float = 0.0
    rms: float = 0.0
    base_rms: float | None = None
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingRow:
    """The row of a special token in the embedding or in lm_head: its length, the middle length of all rows, and how
    far it has moved from the base's row, over the base's length.
    """

    token: str
    index: int
    tensor: str
    norm: float
    median: float
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class Attention:
    """The largest logit per unit input of a layer's attention: the spectral norm of q'k over heads, the layer's norm
    weight included, here and in the base; and the head that has grown most.
    """

    layer: int
    head: int
    here: float
    base: float

    @property
    def growth(self) -> float:
        """How many times larger than in the base."""
        return self.here / self.base if self.base else float("inf") if self.here else 1.0


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a folder has no weights, and what to do."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFacts:
    """Everything measured of a checkpoint. `problems` are files that cannot be used, `not_read` tensors whose type is
    none of those that are audited. `rows` are those of the embedding, `tokens` what the tokenizer beside it needs.
    `lack` is None where there are weights. `family` is the `model_type` of config.json where it is another's than
    Qwen2-VL's: names and shapes were then not compared.
    """

    folder: str
    base: str | None = None
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    misshapen: tuple[tuple[str, Shape, Shape], ...] = ()
    not_read: tuple[tuple[str, str], ...] = ()
    tensors: tuple[TensorFacts, ...] = ()
    special_rows: tuple[EmbeddingRow, ...] = ()
    attention: tuple[Attention, ...] = ()
    rows: int | None = None
    tokens: int | None = None
    num_bytes: int = 0
    seconds: float = 0.0
    lack: Lack | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class CheckpointCase:
    """An audited checkpoint before the rules. `frozen` are the parts (vision_tower, projector, language_model) that
    training should have left alone; `tokens` is one more than the largest token id of the data's processor; `precision`
    is what the run casts weights to: bf16, fp16 or fp32 (to nothing).
    """

    facts: CheckpointFacts
    frozen: tuple[str, ...] = field(default=("vision_tower", "projector"))
    tokens: int = 0
    precision: str = "bf16"

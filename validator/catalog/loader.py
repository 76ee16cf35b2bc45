"""What reads a trainer's data files: a release of `datasets`, or Qwen's own reading of JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loader:
    """How a trainer reads data files: a release of `datasets`, or Qwen's own reading of JSON.

    `kinds`: Arrow types that it takes besides those of `datasets` 4.0. `mixes`: values of several types in one place
    are kept as JSON, and an array is read as its lines would be: text becomes dates by its value, not by the name of
    its column. `plain`: JSON is taken as it stands, without columns and their types. `unpacks`: the types of files that
    it unpacks by their content; None where that is not known.
    """

    name: str = "datasets 4.0"
    kinds: frozenset[str] = frozenset()
    mixes: bool = False
    plain: bool = False
    unpacks: frozenset[str] | None = frozenset(("arrow", "csv", "json", "parquet", "text"))


_VIEWS = frozenset(("string_view", "binary_view", "json"))
_TEXTS = frozenset(("csv", "json", "text"))
DATASETS_4_0 = Loader()
DATASETS_4_8 = Loader("datasets 4.8", _VIEWS, mixes=True, unpacks=_TEXTS)
DATASETS_5_2 = Loader("datasets 5.2", _VIEWS | {"fixed_size_binary"}, mixes=True, unpacks=_TEXTS)
OF_QWEN = Loader("json", _VIEWS | {"fixed_size_binary"}, mixes=True, plain=True, unpacks=None)

"""Columns of records come from the type hints of their dataclasses."""

from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from validator.records.arrow import FLAT, Int32, attributes_of, record_of, schema_of


@dataclass
class Inner:
    width: Int32 | None = None
    words: tuple[str, ...] = ()


@dataclass
class Outer:
    kind: Literal["image", "video"]
    number: int
    share: float | None
    whole: bool
    flat: Inner = field(default_factory=Inner, metadata=FLAT)
    inner: list[Inner] = field(default_factory=list)
    named: dict[str, float] = field(default_factory=dict)


INNER = [("width", pa.int32()), ("words", pa.list_(pa.string()))]


def test_each_type_hint_has_its_column():
    assert schema_of(Outer) == pa.schema(
        [
            *(("kind", pa.string()), ("number", pa.int64()), ("share", pa.float64()), ("whole", pa.bool_()), *INNER),
            ("inner", pa.list_(pa.struct(INNER))),
            ("named", pa.map_(pa.string(), pa.float64())),
        ]
    )
    assert attributes_of(Outer)["width"] == "flat.width"


def test_a_record_comes_back_of_its_columns():
    made = Outer("image", 1, None, True, Inner(3, ("a",)), [Inner(None, ("b", "c"))], {"x": 0.5})
    columns = {"kind": "image", "number": 1, "share": None, "whole": True, "width": 3, "words": ["a"]}
    inner = [{"width": None, "words": ["b", "c"]}]
    assert record_of(Outer, {**columns, "inner": inner, "named": {"x": 0.5}}) == made
    assert record_of(Outer, {**columns, "width": None, "words": []}) == Outer("image", 1, None, True)

"""Rows of JSON files: split, parsed and found again, whatever stands around them."""

import io
import json
import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiers import many
from validator.catalog import json_values
from validator.catalog.json_rows import find_layout, read_rows
from validator.catalog.json_values import Fault, Value, split_values

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(), TREES, max_size=4), max_size=6)


class Trickle(io.BytesIO):
    """Hands out a few bytes at a time, so that every token is cut somewhere."""

    def __init__(self, data, step):
        super().__init__(data)
        self.step = step

    def read(self, size=-1):
        return super().read(min(size, self.step) if size > 0 else self.step)


@given(OBJECTS, st.sampled_from([None, 1]), st.integers(1, 9), st.booleans())
def test_splitting_equals_parsing(rows, indent, step, ascii_only):
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode()
    pieces = list(split_values(Trickle(text, step), array=True))
    assert [json.loads(piece.raw) for piece in pieces] == rows
    assert all(text[piece.offset : piece.offset + len(piece.raw)] == piece.raw for piece in pieces)


@given(OBJECTS, st.integers(1, 9))
def test_concatenated_values(rows, step):
    text = "\n ".join(json.dumps(row, indent=1) for row in rows).encode()
    assert [json.loads(piece.raw) for piece in split_values(Trickle(text, step), array=False)] == rows


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ('[{"a":1},]', 1, "a comma after the last value"),
        ('[{"a":1}', 1, "the array is not closed"),
        ('[{"a":1},{"b"', 1, "ends inside this value"),
        ('[{"a":1}] x', 1, "text after the end"),
        ('[{"a":1}][]', 1, "text after the end"),
        ('[{"a":"]', 0, "ends inside this value"),
    ],
)
def test_faults_between_values(text, values, reason):
    pieces = list(split_values(io.BytesIO(text.encode()), array=True))
    assert sum(isinstance(piece, Value) for piece in pieces) == values
    assert any(isinstance(piece, Fault) and reason in piece.reason for piece in pieces)


def rows_of(tmp_path, text):
    path = tmp_path / "data.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    layout = find_layout(path)
    return layout, list(read_rows(path, layout))


@pytest.mark.parametrize(
    ("text", "layout", "values"),
    [
        ('[{"a":1},{"a":2}]', "array", [{"a": 1}, {"a": 2}]),
        (' \n[\n {"a":1} ,\n {"a":2}\n]\n', "array", [{"a": 1}, {"a": 2}]),
        ('{"a":1}\n\n{"a":2}\r\n', "lines", [{"a": 1}, {"a": 2}]),
        ('\ufeff{"a":1}\n{"a":2}', "lines", [{"a": 1}, {"a": 2}]),
        ('{"a":1}{"a":2}\n{"a":3}', "lines", [{"a": 1}, {"a": 2}, {"a": 3}]),
        ('{\n "a": 1\n}\n{\n "a": 2\n}', "values", [{"a": 1}, {"a": 2}]),
        ('{"a":NaN}', "lines", [{"a": pytest.approx(float("nan"), nan_ok=True)}]),
        ('[{"a":"x\ny"}]', "array", [{"a": "x\ny"}]),
        ('[{"a":1,}]', "array", [{"a": 1}]),
        ('[{"a":"x\\ud800y"}]', "array", [{"a": "xy"}]),
        ('[{"a":1},"",[["a",2]],["xy"],[["z"]],7]', "array", [{"a": 1}, {}, {"a": 2}, {"x": "y"}, [["z"]], 7]),
        ("null\n", "lines", [None]),
        ("", "empty", []),
        (" \n ", "empty", []),
    ],
)
def test_layouts_and_the_loaders_tolerance(tmp_path, text, layout, values):
    found, rows = rows_of(tmp_path, text)
    assert found == layout
    assert [row.value for row in rows if row.fault is None] == values
    assert [row.index for row in rows] == list(range(len(rows)))


def test_a_bad_line_does_not_swallow_its_neighbours(tmp_path):
    _, rows = rows_of(tmp_path, '{"a":1}\n{"a":\n{"a":3}\nhello\n{"a":5}')
    assert [row.value for row in rows] == [{"a": 1}, None, {"a": 3}, None, {"a": 5}]
    assert "unexpected end of data (character 6" in rows[1].fault


def test_half_a_surrogate_pair_in_a_line_is_a_fault(tmp_path):
    _, rows = rows_of(tmp_path, '{"a":"\\ud800"}\n{"a":"x"}')
    assert "surrogate" in rows[0].fault and rows[1].fault is None


def test_bytes_that_are_no_text(tmp_path):
    _, rows = rows_of(tmp_path, b'[{"a":"\xe9"},{"a":"x"}]')
    assert rows[0].fault and rows[1].value == {"a": "x"}


@pytest.mark.proof
@pytest.mark.parametrize("suffix", ["array", "lines"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    row = orjson.dumps({"messages": [{"role": "user", "content": "x" * 900}]})
    peaks = []
    for rows in (4_000, many(12_000, 40_000)):  # 4 MB, and 12 or 40 MB
        path = tmp_path / f"{rows}.json"
        joined = (b"," if suffix == "array" else b"\n").join([row] * rows)
        path.write_bytes(b"[" + joined + b"]" if suffix == "array" else joined)  # one line, if an array
        tracemalloc.start()
        assert sum(1 for _ in read_rows(path, find_layout(path))) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_an_endless_value_is_refused_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(json_values, "LARGEST_VALUE", 3 << 20)
    pieces = list(split_values(io.BytesIO(b'[{"a":"' + b"x" * (8 << 20)), array=True))
    assert [type(piece) for piece in pieces] == [Fault]

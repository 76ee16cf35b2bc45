"""What the loader refuses is found, with its row and column, and nothing else is."""

import json

import pytest

from tests.unit.loader_cases import CASES
from validator.catalog.json_survey import survey
from validator.catalog.kept_as_json import with_mixed
from validator.catalog.line_survey import LOADER_CHUNK, first_nulls


def surveyed(tmp_path, text):
    path = tmp_path / "data.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return survey(path)


@pytest.mark.parametrize("name", CASES)
def test_verdict_of_the_loader(tmp_path, name):
    text, accepted = CASES[name]
    assert (not surveyed(tmp_path, text).refusals) == accepted


@pytest.mark.parametrize(
    ("text", "row", "column", "reason"),
    [
        ('[{"i":["a"]},{"i":"b"}]', 1, "i", "`i` is a string here, a list in an earlier row"),
        ('{"i":["a"]}\n{"i":"b"}', 1, "i", "`i` is a string here, a list in an earlier row"),
        ('[{"m":[{"c":"x"}]},{"m":[{"c":"y"}]},{"m":[{"c":5}]}]', 2, "m[].c", "`m[].c` is a number here"),
        ('{"m":[{"c":"x"}]}\n{"m":[{"c":5}]}', 1, "m[].c", "`m[].c` is a number here"),
        ('{"a":1}\n{"b":1,"b":2}', 1, "b", "the key `b` stands twice"),
        ('{"a":1}\n{"a":[1,"x"]}', 1, "a[]", "`a[]` mixes types within one row"),
        ('[{"a":1},{"a":[1,"x"]}]', 1, "a[]", "`a[]` mixes types within one row"),
        ('[{"a":[{"b":"x"},{"b":[1]}]}]', 0, "a[].b", "`a[].b` mixes types within one row"),
        ('{"a":1}\n\n{"a":\n{"a":2}', 1, None, "invalid JSON: unexpected end of data"),
        ('[{"a":1},{"a":tru},{"a":2}]', 1, None, "invalid JSON"),
        ('[{"a":1},7,{"a":2}]', 1, None, "the row is not an object"),
        ('[{"a":1},null]', 1, None, "the row is not an object"),
        ('[{"a":1},"text"]', 1, None, "the row is not an object"),
        ('[[],{"a":1}]', 0, None, "the row is not an object"),
        ('\ufeff[{"a":1}]', None, None, "byte order mark"),
        ('[{"a":[1]},{"a":9223372036854775808}]', 1, "a", "`a` is a number here, a list in an earlier row"),
        ('{"a":[1]}\nnull\n{"a":7}', 2, "a", "`a` is a number here, a list in an earlier row"),
    ],
)
def test_refusals_name_row_and_column(tmp_path, text, row, column, reason):
    refusals = surveyed(tmp_path, text).refusals
    assert [(refusal.row, refusal.column) for refusal in refusals] == [(row, column)]
    assert reason in refusals[0].reason


LINE = b'{"a":"' + b"x" * 91 + b'"}\n'
BLOCK = LOADER_CHUNK // 32


@pytest.mark.parametrize(
    ("before", "row"),
    [
        (b"", 0),
        (b"\n \n", 0),
        (b"{}\n", None),
        (b"null\n", 0),
        (b"\xef\xbb\xbf", 0),
        (LINE * 3, None),
        (LINE * (BLOCK // 100) + b" " * (BLOCK % 100), BLOCK // 100),  # the line ends beyond the border
        (LINE * (BLOCK // 100) + b"\n" * (BLOCK % 100 - 5), None),  # it ends before it
        (LINE * (BLOCK // 100) + b"\n" * (BLOCK % 100 - 4), BLOCK // 100),
        (LINE * (BLOCK // 100 + 1), None),
    ],
)
def test_a_null_at_which_the_loader_dies(tmp_path, before, row):
    path = tmp_path / "data.jsonl"
    path.write_bytes(before + b"null\n" + LINE)
    result = survey(path)
    assert [refusal.row for refusal in result.refusals] == ([] if row is None else [row])
    assert result.num_rows == sum(
        bool(line.strip()) for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").split()
    )


MARK = "\ufeff"
FIRST_NULLS = {
    "mark alone": (f"{MARK}\nnull\n", [4]),
    "mark before null": (f"{MARK}null\n", [3]),
    "two marks": (f"{MARK}\n{MARK}\nnull\n", []),  # no JSON: the loader says so
    "mark after a line of the block": (f"\n{MARK}\nnull\n", []),
    "mark alone, first in a later block": (f"{{}}{' ' * 13}\n{MARK}\nnull\n{{}}\n", [20]),
    "mark before null, the same": (f"{{}}{' ' * 13}\n{MARK}null\n{{}}\n", [19]),
    "mark over a border": (f"{{}}{' ' * 11}\n{MARK}\nnull\n{{}}\n", [18]),
    "mark and spaces over a border": (f"{{}}\n{MARK}{' ' * 12}\nnull\n", [19]),
    "mark before a value in a later block": (f"{{}}{' ' * 13}\n{MARK}{{}}\nnull\n", []),
    "no mark": (f"{{}}{' ' * 13}\n\nnull\nnull\n", [17]),
}


@pytest.mark.parametrize("name", FIRST_NULLS)
def test_nulls_that_stand_first_in_a_block(name):
    text, places = FIRST_NULLS[name]
    assert list(first_nulls(text.encode(), 16)) == places


def test_a_null_after_a_mark_is_named_by_its_row(tmp_path):
    assert [refusal.row for refusal in surveyed(tmp_path, f'{MARK}\nnull\n{{"a":1}}\n').refusals] == [0]


def test_every_column_at_fault_is_named(tmp_path):
    text = '{"a":[1,"x"],"b":[{"c":[1]},{"c":"y"}],"d":"z"}\n{"a":[2],"b":null,"d":5}'
    result = surveyed(tmp_path, text)
    assert [(refusal.row, refusal.column) for refusal in result.refusals] == [(0, "a[]"), (0, "b[].c"), (1, "d")]
    kept = with_mixed(result, tmp_path / "data.json")
    assert kept.mixed == ("a[]", "b[].c", "d") and (kept.refusals, kept.num_refusals) == ([], 0)


def test_every_odd_row_is_listed_up_to_a_bound(tmp_path):
    rows = [{"i": ["a"]}] + [{"i": "b"}] * 1500
    result = surveyed(tmp_path, json.dumps(rows))
    assert (len(result.refusals), result.num_refusals, result.num_rows) == (1000, 1500, 1501)


@pytest.mark.parametrize(
    ("late", "refused"),
    [({"c": 1}, "`c` appears for the first time"), ({"b": ["x"]}, "`b[]` is a string here, null before")],
)
def test_columns_that_come_after_ten_megabytes(tmp_path, late, refused):
    row = json.dumps({"a": "x" * 1000, "b": []})
    lines = [row] * 10_600 + [json.dumps({"a": "y", **late})]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(lines))
    result = survey(path)
    assert [refusal.row for refusal in result.refusals] == [10_600]
    assert refused in result.refusals[0].reason and "first 10 MB" in result.refusals[0].reason
    assert result.num_rows == 10_601
    path.write_text("\n".join([*lines[-1:], *lines[:-1]]))  # the same rows, the odd one first
    assert survey(path).refusals == []


def test_types_are_those_of_the_whole_file(tmp_path):
    result = surveyed(tmp_path, '[{"a":1,"m":[{"r":"x"}]},{"a":2.5,"m":[{"c":null}]},{"m":[]}]')
    assert {name: str(kind) for name, kind in result.types.items()} == {
        "a": "double",
        "m": "list<item: struct<r: string, c: null>>",
    }

"""dataset_info.json: what is taken, what is refused, in which words."""

import json

import pytest

from validator.catalog.entry import COLUMN_DEFAULTS, TAG_DEFAULTS, parse_entry
from validator.catalog.registry import load_registry


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "ms-swift"),
        ('[{"dataset_path": "x"}]', "ms-swift"),
        ('{"features": {}, "splits": {}, "builder_name": "json"}', "`datasets` library"),
        ('"text"', "expected an object"),
        ("{}", "is empty"),
        ('{"_comment": "nothing else"}', "none of its values is an object"),
        ("{not json", "is not valid JSON"),
        ('{"a": {}}}', "is not valid JSON"),
        ("\ufeff{}", "is not valid JSON"),
    ],
)
def test_files_that_are_no_registry(tmp_path, content, sentence):
    path = tmp_path / "dataset_info.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=sentence) as caught:
        load_registry(path)
    assert "\n" not in str(caught.value)


def test_paths_that_cannot_be_opened(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        load_registry(tmp_path / "nothing.json")
    with pytest.raises(ValueError, match="is a folder: it holds no"):
        load_registry(tmp_path)
    (tmp_path / "dataset_info.json").write_text('{"a": {"file_name": "a.json"}}')
    with pytest.raises(ValueError, match=r"is a folder: pass .*dataset_info\.json"):
        load_registry(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(ValueError, match="not UTF-8"):
        load_registry(tmp_path / "latin.json")


def registry(tmp_path, content, *names):
    path = tmp_path / "dataset_info.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return load_registry(path, names)


def test_selection(tmp_path):
    content = {
        "b": {"file_name": "b.json"},
        "hub": {"hf_hub_url": "x/y"},
        "a": {"file_name": "a.json"},
        "_comment": "c",
    }
    loaded = registry(tmp_path, content)
    assert [entry.name for entry in loaded.entries] == ["a", "b"]
    assert [entry.name for entry in loaded.not_selected] == ["hub"]
    assert loaded.ignored == ("_comment",)
    named = registry(tmp_path, content, "hub", "_comment")
    assert [entry.name for entry in named.entries] == ["hub"]
    assert [fault.name for fault in named.faults] == ["_comment"]


def test_unknown_name_gets_the_nearest(tmp_path):
    with pytest.raises(ValueError, match=r"Undefined dataset screnes in dataset_info.json. Did you mean screens\?"):
        registry(tmp_path, {"screens": {"file_name": "a.json"}}, "screnes")


def test_repeated_names(tmp_path):
    loaded = registry(tmp_path, '{"a": {"file_name": "1.json"}, "a": {"file_name": "2.json"}}')
    assert loaded.entries[0].location == "2.json"
    assert loaded.duplicate_names == ("a",)


@pytest.mark.parametrize(
    ("keys", "source"),
    [
        (("file_name",), "file"),
        (("file_name", "cloud_file_name"), "cloud"),
        (("file_name", "cloud_file_name", "script_url"), "script"),
        (("file_name", "cloud_file_name", "script_url", "ms_hub_url"), "hub"),
        (("file_name", "hf_hub_url"), "hub"),
    ],
)
def test_precedence_of_sources(keys, source):
    assert parse_entry("x", dict.fromkeys(keys, "there")).source == source


def test_defaults_where_blocks_are_absent():
    entry = parse_entry("x", {"file_name": "a.json"})
    assert entry.columns == COLUMN_DEFAULTS and entry.tags == TAG_DEFAULTS
    assert (entry.formatting, entry.ranking, entry.split, entry.num_samples) == ("alpaca", False, "train", None)


def test_a_block_that_is_present_replaces_all_defaults():
    entry = parse_entry("x", {"file_name": "a", "columns": {"images": "pics"}, "tags": {"role_tag": "role"}})
    assert entry.columns == {**dict.fromkeys(COLUMN_DEFAULTS), "images": "pics"}
    assert entry.tags == {**dict.fromkeys(TAG_DEFAULTS), "role_tag": "role"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("text", "must be an object, this one is a string"),
        ([], "must be an object, this one is a list"),
        ({}, "`file_name` is missing"),
        ({"file_name": None}, "`file_name` must be a non-empty string"),
        ({"file_name": "a", "formatting": "ShareGPT"}, "Dataset converter ShareGPT not found."),
        ({"file_name": "a", "columns": []}, "`columns` must be an object"),
        ({"file_name": "a", "tags": {"role_tag": []}}, "`tags.role_tag` must be a string"),
        ({"file_name": "a", "columns": {"messages": 5}}, "`columns.messages` must be a string"),
        ({"file_name": "a", "num_samples": 0}, "`num_samples` must be a whole number above 0"),
        ({"file_name": "a", "num_samples": "10"}, "`num_samples` must be a whole number"),
    ],
)
def test_entries_that_the_trainer_cannot_use(raw, reason):
    with pytest.raises(ValueError, match=reason):
        parse_entry("x", raw)


def test_mistyped_keys():
    raw = {"file_name": "a", "column": {}, "_note": 1, "columns": {"image": "i"}, "tags": {"user": "u"}}
    assert parse_entry("x", raw).mistyped == (("", "column"), ("columns", "image"), ("tags", "user"))

"""dataset_info.json: what is taken, what is refused, in which words."""

import json
import re

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


FEATURES = {"features": {"a": {"dtype": "string"}}, "splits": {"train": {}}}
OTHERS = {
    "a row": ({"messages": [{"role": "user", "content": "x"}], "images": []}, "is one row of data"),
    "rows under a key": ({"version": 1, "data": [{"messages": []}]}, "holds rows under `data`"),
    "a list of texts": (["a", "b"], "neither rows nor entries"),
    "dataset_infos.json": ({"default": FEATURES, "other": FEATURES}, "written by the `datasets` library"),
    "save_to_disk": ({"_data_files": [{"filename": "a.arrow"}], "_fingerprint": "x"}, "`save_to_disk`"),
    "AutoTrain": ({"task": "llm-sft", "base_model": "m", "data": {"path": "d"}}, "AutoTrain"),
    "InternVL": ({"a": {"root": "d/", "annotation": "a.jsonl", "repeat_time": 1}}, "InternVL's list of datasets"),
    "Croissant": ({"@context": {"@vocab": "x"}, "@type": "sc:Dataset"}, "Croissant"),
    "COCO": ({"info": {}, "images": [{"id": 1}], "annotations": [{"id": 1}], "categories": []}, "COCO's format"),
    "DeepSpeed": ({"zero_optimization": {"stage": 2}, "bf16": {"enabled": True}}, "mmvalidate audit"),
    "a model": ({"architectures": ["M"], "model_type": "qwen2_vl", "vision_config": {}}, "--processor"),
    "Qwen's list": ({"annotation_path": "a.json", "data_path": "d"}, "`annotation_path`"),
}
TEXTS = {
    "dataset_info.yaml": ("base_model: m\npretraining_dataset: a\n", "configuration of axolotl without a list"),
    "train.yaml": ("model_name_or_path: m\nstage: sft\ndataset: a\n", "--train-config"),
    "other.yml": ("a: 1\n", "is YAML"),
    "README.md": ("---\ndataset_info:\n  features: []\n---\n", "is a dataset's card"),
    "rows.json": ('{"messages": []}\n{"messages": []}\n', "ends in .jsonl"),
    "empty.json": (" \n", "is empty"),
}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        *(("dataset_info.json", json.dumps(content), words) for content, words in OTHERS.values()),
        *((name, *case) for name, case in TEXTS.items()),
    ],
    ids=[*OTHERS, *TEXTS],
)
def test_other_tools_files_are_told_in_a_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load_registry(path)
    assert str(caught.value).startswith(f"{path} ") and "\n" not in str(caught.value)


def test_another_tools_file_is_bad_usage(tmp_path, mmvalidate):
    (tmp_path / "dataset_info.json").write_text(json.dumps(OTHERS["InternVL"][0]))
    done = mmvalidate("dataset_info.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr and "InternVL" in done.stderr


def test_entries_may_have_any_name(tmp_path):
    """Names of entries that are keys of other tools' files make no registry one of these."""
    names = ("features", "splits", "messages", "architectures", "model_type", "images", "annotations")
    loaded = registry(tmp_path, {name: {"file_name": "a.json"} for name in names})
    assert len(loaded.entries) == len(names)


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

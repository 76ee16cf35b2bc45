"""Anything at all as training file, DeepSpeed's file or a model's config.json: one sentence, or findings."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.anything import NUMBERS, ODD, TREES
from validator.auditing.case import training_case
from validator.auditing.cost import cost_of
from validator.auditing.judge import training_findings
from validator.training.arguments import known_arguments
from validator.training.config import load_config, make_config
from validator.training.read import read_mapping
from validator.training.record import DataFacts
from validator.training.shape import shape_of
from validator.training.versions import Versions

VERSIONS = Versions({"deepspeed": "0.18.0"})
KEYS = sorted(known_arguments())


def levels(leaf, item):
    return leaf + "".join(f"a{place + 1}: &a{place + 1} {item(', '.join([f'*a{place}'] * 10))}\n" for place in range(9))


TOO_MANY = "its aliases (`*name`) stand for more than 100,000 values"
NO_TYPE = "it holds a value that is not of the type that its tag or its digits promise"
REFUSED = {
    "aliases of aliases": (levels("a0: &a0 [1]\n", "[{}]".format), TOO_MANY),
    "merges of merges": (levels("a0: &a0 {k: 1}\n", "{{<<: [{}]}}".format), TOO_MANY),
    "a list that holds itself": ("a: &a [*a]", TOO_MANY),
    "deep": ("a: " + "[" * 50_000, "it is nested too deep"),
    "digits": ("a: " + "1" * 5000, NO_TYPE),
    "hexadecimal digits": ("a: 0x" + "f" * 200_000, "it holds a number of more than 4,300 digits"),
    "sexagesimal digits": ("a: 1" + ":1" * 5000, "it holds a number of more than 4,300 digits"),
    "empty number": ("a: !!int ''", NO_TYPE),
    "no switch": ("a: !!bool x", NO_TYPE),
    "no time": ("a: !!timestamp x", NO_TYPE),
    "bytes": ("a: !!binary aGk=", "it holds a value that is not text, number, list or mapping"),
    "a set": ("a: !!set {x}", "it holds a value that is not text, number, list or mapping"),
    "an object": (
        "a: !!python/name:os.getpid",
        "could not determine a constructor for the tag 'tag:yaml.org,2002:python/name:os.getpid' (line 1, column 4)",
    ),
    "null character": ("a: \0", "special characters are not allowed (character 4)"),
    "escape": ("a: \x1b[31m", "special characters are not allowed (character 4)"),
    "half a character": ('a: "\\ud800"', "it holds half of a surrogate pair: no file or column can have such a name"),
    "a key twice": ("a: 1\na: 2", "found duplicate key a (line 2, column 1)"),
    "two documents": ("a: 1\n---\nb: 2", "but found another document (line 2, column 1)"),
    "UTF-16": ("a: 1".encode("utf-16"), "it is UTF-16 text, and should be UTF-8"),
    "not UTF-8": (b"a: \xff", "it is not UTF-8 text (byte 3)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_training_files_are_refused_in_one_sentence(name, tmp_path):
    text, words = REFUSED[name]
    path = tmp_path / "train.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError) as caught:
        read_mapping(path, "training file")
    assert str(caught.value) == f"The training file {path} cannot be parsed: {words}."


def judged(config):
    """The findings on a configuration, and its cost over twenty rows, as JSON."""
    each = np.arange(1, 21)
    data = DataFacts(np.arange(20), each * 10, each, each, each * 0, each * 0, each * 0)
    case = training_case(config, VERSIONS, 2, data, memory=80.0)
    findings = training_findings(case)
    assert all(finding.message.isprintable() and len(finding.message) < 1000 for finding in findings)
    orjson.dumps([finding.evidence for finding in findings])
    orjson.dumps(cost_of(Path("run"), case))
    return findings


@pytest.fixture(autouse=True, scope="module")
def no_run():
    patch = pytest.MonkeyPatch()
    patch.setattr("validator.auditing.cost.places_of", lambda folder, places: [("d", "f", place) for place in places])
    yield
    patch.undo()


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), TREES | st.sampled_from(ODD), max_size=6))
def test_any_training_file(given):
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "train.yaml"
        path.write_text(json.dumps(given))
        try:
            config = load_config(path)
        except ValueError as error:
            assert "\n" not in str(error) and str(path) in str(error)
        else:
            judged(config)


@pytest.mark.parametrize("key", [key for key in KEYS if {"int", "float"} & set(known_arguments()[key].types)])
def test_numbers_beyond_all_bounds(key):
    for value in NUMBERS:
        judged(make_config({key: value}))


@pytest.mark.parametrize(
    ("key", "value", "code", "words"),
    [
        ("learning_rate", float("nan"), "CF002", "`learning_rate: nan`: the trainer stops"),
        ("num_train_epochs", float("inf"), "CF002", "`num_train_epochs: inf`: the trainer stops"),
        ("cutoff_len", float("inf"), "CF023", "`cutoff_len: inf`: int is expected, but the trainer accepts it"),
        ("cutoff_len", 2**63, "CF023", "`cutoff_len: 9223372036854775808`: a whole number of at most 64 bits"),
        ("max_grad_norm", float("inf"), None, ""),
        ("max_grad_norm", float("nan"), "CF003", "`max_grad_norm: nan` is not a finite number"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_counted_with(key, value, code, words):
    given = {"model_name_or_path": "m", "dataset": "d", "do_train": True, key: value}
    found = [finding for finding in judged(make_config(given)) if finding.code in ("CF002", "CF003", "CF023")]
    assert [finding.code for finding in found] == ([code] if code else [])
    assert all(finding.message.startswith(words) for finding in found)


@pytest.mark.proof
def test_as_many_keys_as_a_file_holds_are_few_findings():
    findings = judged(make_config({f"key_{number}": 1 for number in range(20_000)} | {"k" * 100_000: 1}))
    found = [finding.message for finding in findings if finding.code == "CF001"]
    assert len(found) == 21 and found[20].startswith("19,981 more keys are unknown to LLaMA-Factory")


BUCKET = '{{"zero_optimization": {{"stage": 2, "reduce_bucket_size": {}}}}}'
REFUSES = "ValidationError: 1 validation error for DeepSpeedZeroConfig: Input should be a finite number"
LATE = ", only after the data are preprocessed and the model is loaded"
NOT_TAKEN = {
    BUCKET.format("Infinity"): REFUSES,
    BUCKET.format("1e999"): REFUSES,
    BUCKET.format("NaN"): REFUSES,
    BUCKET.format(
        -1
    ): "ValidationError: 1 validation error for DeepSpeedZeroConfig: Input should be greater than or equal to 0",
    '{"zero_optimization": {"stage": 7}}': "DeepSpeedZeroConfig: Input should be 0, 1, 2 or 3",
    '{"zero_optimization": {"self": 7}}': "TypeError: ",
    '{"zero_optimization": ' + '{"a":' * 500 + "1" + "}" * 501: "DeepSpeedZeroConfig: Extra inputs are not permitted",
}
DEEPSPEED = {
    "[" * 100_000: "cannot be parsed: it is not valid JSON: it is nested too deep.",
    "a: 1": "cannot be parsed: it is not valid JSON: Expecting value: line 1 column 1 (char 0).",
}


@pytest.mark.parametrize("text", DEEPSPEED, ids=lambda text: text[:60])
def test_deepspeed_files(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ds.json").write_text(text)
    found = [finding.message for finding in judged(make_config({"deepspeed": "ds.json"})) if finding.code == "CF009"]
    assert len(found) == 1 and found[0].endswith(DEEPSPEED[text])


@pytest.mark.parametrize("text", NOT_TAKEN, ids=lambda text: text[:60])
def test_deepspeed_files_that_it_refuses(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ds.json").write_text(text)
    found = [finding.message for finding in judged(make_config({"deepspeed": "ds.json"})) if finding.code == "CF026"]
    assert found and NOT_TAKEN[text] in found[0] and found[0].endswith(LATE)


@pytest.mark.proof
def test_as_many_deepspeed_keys_as_a_file_holds_are_few_findings():
    keys = {f"key_{number}": 1 for number in range(10_000)} | {"k" * 100_000: 1}
    findings = judged(make_config({"deepspeed": {**keys, "zero_optimization": keys}}))
    for code, last in (("CF026", "more keys of deepspeed are refused"), ("CF027", "are not read")):
        found = [finding.message for finding in findings if finding.code == code]
        assert len(found) == 21 and last in found[20]


@pytest.mark.parametrize("value", ["/dev/zero", "a\0b", "d" * 5000, ".", "pipe"])
def test_a_deepspeed_path_that_is_no_file(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert "CF009" in {finding.code for finding in judged(make_config({"deepspeed": value}))}


ZERO = st.fixed_dictionaries(
    {}, optional={key: TREES | st.sampled_from(ODD) for key in ("stage", "reduce_bucket_size", "overlap_comm")}
)
SWITCH = st.fixed_dictionaries({}, optional={"enabled": TREES, "check_grad_overflow": TREES | st.sampled_from(ODD)})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "zero_optimization": ZERO | TREES,
            "bf16": SWITCH | TREES,
            "gradient_clipping": st.sampled_from(ODD) | TREES,
            "train_batch_size": st.sampled_from(ODD),
        },
    ),
    st.booleans(),
)
def test_any_deepspeed_file(content, bf16):
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "ds.json"
        path.write_text(json.dumps(content))
        judged(make_config({"deepspeed": str(path), "bf16": bf16}))


SIZES = ["hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "attention_heads", "key_value_heads"]
SIZES = [f"num_{name}" if name.endswith(("layers", "heads")) else name for name in SIZES]
SIZE = TREES | st.sampled_from([*ODD, 4, 100_000_000])


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*SIZES, "text_config"], SIZE)))
def test_any_config_of_a_model(content):
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "config.json").write_text(json.dumps({"model_type": "qwen2_vl"} | content))
        judged(make_config({"model_name_or_path": scratch, "finetuning_type": "full"}))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, "\0", '{"model_type": "qwen2_vl", "text_config": 5}'])
def test_a_config_that_says_nothing(text, tmp_path):
    (tmp_path / "config.json").write_text(text)
    assert shape_of(str(tmp_path)) is None
    (tmp_path / "config.json").unlink()
    os.mkfifo(tmp_path / "config.json")
    assert shape_of(str(tmp_path)) is None
    assert shape_of("m" * 5000) is None

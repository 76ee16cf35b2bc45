"""Files of a checkpoint that are not as they should be: the library decides whether a safetensors file is sound;
what lies beside it is a finding or one sentence.
"""

import json
import os
import random

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open

from validator.auditing.judge import checkpoint_findings
from validator.checkpoint.audit import audit
from validator.checkpoint.record import CheckpointCase

SOUND = {
    "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [16, 24]},
    "c": {"dtype": "I64", "shape": [], "data_offsets": [24, 32]},
    "e": {"dtype": "F16", "shape": [0, 3], "data_offsets": [32, 32]},
}
DATA = bytes(range(32))


def file_of(header, data=DATA, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def opens(path):
    """Whether the library opens a file and knows every tensor in it."""
    try:
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118 - no mapping
                file.get_slice(name).get_shape()
    except (SafetensorError, OSError):
        return False
    return True


def problems(folder):
    """What CK001 says, without what it says of config.json."""
    found = checkpoint_findings(CheckpointCase(audit(folder)))
    return [item.message for item in found if item.code == "CK001" and "config.json" not in item.message]


def _with(name, **changes):
    return file_of({**SOUND, name: {**SOUND[name], **changes}})


def _replaced(old, new):
    return file_of(json.dumps(SOUND).encode().replace(old, new))


FAULTS = {
    "bytes after the end": file_of(SOUND, DATA + b"x"),
    "cut": file_of(SOUND, DATA[:-1]),
    "no data": file_of(SOUND, b""),
    "empty": b"",
    "a web page": b"<html>" * 100,
    "seven bytes": b"1234567",
    "overlap": _with("b", data_offsets=[8, 16]),
    "a hole": file_of({name: SOUND[name] for name in ("a", "c", "e")}),
    "beyond the end": _with("c", data_offsets=[1 << 40, (1 << 40) + 8]),
    "backwards": _with("c", data_offsets=[32, 24]),
    "a side that is a float": _with("a", shape=[2.0, 2]),
    "an offset that is a float": _with("c", data_offsets=[24.0, 32]),
    "a side below 0": _with("a", shape=[-2, -2]),
    "a side that is a truth value": _with("c", shape=[True]),
    "a product beyond 64 bits": _with("a", shape=[1 << 40, 1 << 40]),
    "a huge side": _with("a", shape=[10**30]),
    "nested sides": _with("a", shape=[[2], 2]),
    "three offsets": _with("c", data_offsets=[24, 28, 32]),
    "unknown type": _with("c", dtype="I65"),
    "type of another size": _with("c", dtype="I32"),
    "metadata that is not text": file_of({"__metadata__": {"a": 1}, **SOUND}),
    "a header that is a list": file_of([SOUND]),
    "deep": file_of(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b""),
    "no UTF-8": _replaced(b'"a"', b'"\xff"'),
    "half a character": _replaced(b'"a"', b'"\\ud800"'),
    "NaN": _replaced(b"[2, 2]", b"[NaN]"),
    "a header longer than the file": file_of(SOUND, length=10_000),
    "a header longer than any": file_of(SOUND, length=(1 << 64) - 1),
}
FINE = {
    "sound": file_of(SOUND),
    "space after the header": file_of(json.dumps(SOUND).encode() + b"   "),
    "out of order": file_of(dict(reversed(SOUND.items()))),
    "metadata": file_of({"__metadata__": {"format": "pt"}, **SOUND}),
    "eight-bit floats": file_of({"a": {"dtype": "F8_E4M3", "shape": [32], "data_offsets": [0, 32]}}),
    "no tensors": file_of({}, b""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_do_not_load(name, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(FAULTS[name])
    assert not opens(path)
    (message,) = problems(tmp_path)
    assert "model.safetensors" in message


@pytest.mark.parametrize("name", FINE)
def test_files_that_load(name, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(FINE[name])
    assert opens(path) and problems(tmp_path) == []


NUMBERS = [0, 1, 2, 3, 4, 8, 16, 24, 32, 33, -1, 2.0, 1e300, True, None, "4", [2], 1 << 31, 1 << 63, 1 << 64, 10**30]
TYPES = ["F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "C64", "I65", 3]
WORDS = [*(bytes([byte]) for byte in b"{}[],:09- \n\xff"), b".0", b"e1", b"null", b"true", b"NaN", b"\\u"]


def mutant(chance):
    """A safetensors file with one or a few things wrong, or none."""
    header = json.loads(json.dumps(SOUND))
    data = DATA
    for _ in range(chance.choice([0, 1, 1, 1, 2])):
        item = header[chance.choice([name for name in header if name != "__metadata__"])]
        kind = chance.randrange(7)
        if kind == 0:
            item["shape"] = [chance.choice(NUMBERS) for _ in range(chance.randrange(4))]
        elif kind == 1:
            item["data_offsets"] = [chance.choice(NUMBERS) for _ in range(chance.choice([2, 2, 2, 1, 3]))]
        elif kind == 2:
            item["dtype"] = chance.choice(TYPES)
        elif kind == 3:
            item.pop(chance.choice(["shape", "dtype", "data_offsets"]), None)
        elif kind == 4:
            header.pop(chance.choice(["a", "b", "c", "e", "f"]), None)
        elif kind == 5:
            header["__metadata__"] = chance.choice([{}, {"a": "b"}, {"a": 1}, [], None, "x"])
        else:
            data = chance.choice([b"", DATA[:-1], DATA + b"x", DATA * 2])
    text = bytearray(json.dumps(header).encode() + b" " * chance.choice([0, 0, 5]))
    if chance.random() < 0.4:
        at = chance.randrange(len(text))
        text[at : at + chance.randrange(3)] = chance.choice(WORDS)
    if chance.random() < 0.1:  # a key twice
        text[1:1] = json.dumps({"a": chance.choice([SOUND["a"], SOUND["b"], 5])})[1:-1].encode() + b", "
    length = len(text) + (chance.choice([1, 8, 1 << 30, 1 << 62]) if chance.random() < 0.1 else 0)
    return file_of(bytes(text), data, length)


def test_verdicts_are_the_librarys(tmp_path):
    chance = random.Random(16)
    path = tmp_path / "model.safetensors"
    wrong, sound = [], 0
    for _ in range(2000):
        content = mutant(chance)
        path.write_bytes(content)
        sound += (verdict := opens(path))
        if verdict != (problems(tmp_path) == []):
            wrong.append(content)
    assert not wrong and 200 < sound < 1800, (sound, wrong[:3])


def test_values_are_read_where_the_library_finds_them(tmp_path):
    values = np.array([[1, 2], [3, -9]], np.float32)
    header = {"z": {"dtype": "F32", "shape": [2, 2], "data_offsets": [3, 19]}}
    header["a"] = {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}
    (tmp_path / "model.safetensors").write_bytes(file_of(header, b"abc" + values.tobytes()))
    (facts,) = audit(tmp_path).tensors
    assert (facts.name, facts.largest) == ("z", 9.0)


ODD = {
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a loop": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "empty": lambda path: path.write_bytes(b""),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
    "a list": lambda path: path.write_bytes(b"[]"),
    "NaN": lambda path: path.write_bytes(b"NaN"),
    "a long number": lambda path: path.write_bytes(b"9" * 10_000),
    "no text": lambda path: path.write_bytes(b"\xff\xfe"),
    "half a character": lambda path: path.write_bytes(b'{"weight_map": {"\\ud800": "a"}, "model_type": "\\ud800"}'),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(file_of(SOUND))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    index = {"weight_map": dict.fromkeys(SOUND, "model.safetensors")}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    return tmp_path


def said_of(folder):
    found = checkpoint_findings(CheckpointCase(audit(folder)))
    return [item.message for item in found if item.code == "CK001"]


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "model.safetensors.index.json"])
def test_whatever_lies_there_is_a_finding_or_a_sentence(folder, name, what):
    ODD[what](folder / name)
    assert name in " ".join(said_of(folder)) or name == "tokenizer.json" or what == "gone"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("/etc/hostname", "outside of the folder"),
        ("../model.safetensors", "outside of the folder"),
        ("..", "outside of the folder"),
        ("", "outside of the folder"),
        ("a\0b", "outside of the folder"),
        ("gone.safetensors", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_an_index_that_names_other_files(folder, file, said):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    assert any(said in message for message in problems(folder))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in ("embed_dim", "mlp_ratio", "depth") for value in ("9" * 9, [1], -1, 10**30, True)),
        ("mlp_ratio", float("nan")),
        ("mlp_ratio", float("inf")),
    ],
)
def test_sizes_that_are_none(folder, key, value):
    sizes = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "num_attention_heads")
    config = {"model_type": "qwen2_vl", **dict.fromkeys((*sizes, "num_key_value_heads"), 1)}
    (folder / "config.json").write_text(json.dumps({**config, "vision_config": {"depth": 1, key: value}}))
    assert any(f"({key} is not a size)" in message for message in said_of(folder))

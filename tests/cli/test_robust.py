"""Inputs that once ended a run, lost a row, printed escapes or gave a wrong exit code."""

import json
import os

import pytest

from tests.conftest import TAGS, say

GOOD = json.dumps(say("a", "b"))
NUL, FULL = {**say("a", "b"), "system": None}, {**say("a", "b"), "system": "Be kind"}


def codes(findings):
    return sorted({finding["code"] for finding in findings})


@pytest.mark.parametrize(
    ("text", "suffix", "expected", "rows"),
    [
        (f"[{GOOD} {GOOD}]", "json", ["DI004"], 2),
        (f"[{GOOD},,{GOOD}]", "json", ["DI004"], 2),
        (f"[,{GOOD}]", "json", ["DI004"], 1),
        (f"[{GOOD}}}", "json", ["DI004"], 1),
        (f"\x0b[{GOOD}]", "json", ["DI004"], None),
        ("null\nnull\n", "jsonl", ["DI004"], 2),
        ('{"x":' + "[" * 100_000 + "]" * 100_000 + "}\n" + GOOD, "jsonl", ["DI004"], 2),
        ('{"x":' + "[" * 63 + "]" * 63 + "}\n" + GOOD, "jsonl", ["CV004", "DI004"], 2),
        (GOOD[:-1] + ', "x":' + "[" * 62 + "]" * 62 + "}\n" + GOOD, "jsonl", [], 2),
        (f"[{GOOD[:-1]}, \"x\":" + "[" * 1000 + "]" * 1000 + "}]", "json", ["DI004"], 1),
        (GOOD + "\n" + json.dumps(say("a", "b"), indent=1) + "\n", "jsonl", [], 2),
        (json.dumps([say("a", "b")] * 3)[:-30], "json", ["DI004"], 3),
        (f"[{GOOD[:-1]}, \"n\": 14695981039346656037}},{GOOD[:-1]}, \"n\": 1}}]", "json", [], 2),
        (f"[{GOOD[:-1]}, \"created_at\": \"2020-01-01\"}},{GOOD[:-1]}, \"created_at\": 1577836800}}]", "json", [], 2),
    ],
)  # fmt: skip
def test_files(dataset, mmvalidate, text, suffix, expected, rows):
    dataset.write(text, suffix, columns={"messages": "messages"})
    done = mmvalidate(dataset.registry, "--output-format", "json", "--ignore", "DU")
    document = json.loads(done.stdout)
    assert codes(document["findings"]) == expected and done.returncode == (1 if expected else 0)
    assert rows is None or document["summary"]["rows"]["total"] == rows


@pytest.mark.parametrize(
    ("rows", "entry", "expected"),
    [
        ([NUL] * 1000 + [FULL], {}, ["DI007"]),
        ([NUL] * 999 + [FULL], {}, []),
        (
            [say("a", "b", images=[])] * 1500 + [say("a", "b", images=["x"])],
            {"num_samples": 10},
            ["DI012", "MD001", "PH001"],
        ),
        ([{"messages": 5}], {"tags": TAGS}, ["CV004"]),
        ([say("a", "b")], {"columns": {"messages": "messages", "images": "", "system": False}}, []),
        ([say("a", "b")], {"num_samples": 0}, ["DI001"]),
        ([say("a", "b")], {"file_name": "a" * 5000 + ".json"}, ["DI002"]),
        ([say("a", "b", tools='[{"name": "\\ud800"}]')], {}, ["CV007"]),
        ([say("a" + " " * 1_000_001 + "b", "c")], {}, []),
        ([say("<image>", "b", images=[["a.png"]])], {}, ["MD007"]),
        ([say("<image>", "b", images=[["a.png", None]])], {}, ["MD007"]),
    ],
)
def test_entries(dataset, mmvalidate, rows, entry, expected):
    dataset.write(rows, **entry)
    done = mmvalidate(dataset.registry, "--output-format", "json", "--ignore", "DU")
    document = json.loads(done.stdout)
    found = set(codes(document["findings"])) - {"DI009", "LB003"}
    assert found == set(expected)
    assert done.returncode == (1 if expected else 0)


def test_terminal_escapes_are_not_printed(dataset, mmvalidate):
    (dataset.folder / "e.jpg").write_bytes(b"\0\0\0\x18ftyp\x1b[2J" + bytes(40))
    dataset.write([say("<image>", "b", images=["e.jpg"])])
    registry = json.loads(dataset.registry.read_text())
    evil = "\x1b[31m\nx"
    registry |= {
        evil: {"file_name": f"{evil}.json"},
        "b": {"file_name": "b.json", "formatting": evil},
        "hub" + evil: {"hf_hub_url": evil},
        "c": {"file_name": "data.jsonl", "formatting": "sharegpt", "columns": {"messages": evil}, evil: 1},
    }
    dataset.registry.write_text(json.dumps(registry))
    for output in ("full", "concise"):
        done = mmvalidate(dataset.registry, "--output-format", output)
        assert done.returncode == 1 and "\x1b" not in done.stdout and "\x1b" not in done.stderr


def test_an_orientation_of_any_size(dataset, mmvalidate):
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    exif = Image.Exif()
    directory = ImageFileDirectory_v2()
    directory.tagtype[0x0112] = 4
    directory[0x0112] = 0xFFFFFFFF
    exif[0x0112] = 1
    data = b"Exif\x00\x00" + directory_bytes(directory)
    Image.new("RGB", (60, 60)).save(dataset.folder / "a.jpg", exif=data)
    done = mmvalidate(dataset.write([say("<image>", "b", images=["a.jpg"])]))
    assert done.returncode == 0 and exif


def directory_bytes(directory):
    import io

    out = io.BytesIO()
    out.write(b"II*\x00\x08\x00\x00\x00")
    directory._endian = "<"
    out.write(directory.tobytes(8))
    return out.getvalue()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--cutoff-len", "9" * 25), ("--image-max-pixels", "1" + "0" * 400), ("--processor", "broken")],
)
def test_options_beyond_all_bounds(dataset, mmvalidate, option, value):
    (dataset.folder / "broken").mkdir()
    (dataset.folder / "broken" / "tokenizer.json").write_text('{"added_tokens": 5}')
    (dataset.folder / "broken" / "preprocessor_config.json").write_text("{}")
    dataset.write([say("a", "b")])
    done = mmvalidate(dataset.registry, option, value, cwd=dataset.folder)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_names_that_are_no_text(dataset, mmvalidate):
    dataset.registry.write_text('{"a\\ud800": {"file_name": "a.json"}}')
    done = mmvalidate(dataset.registry)
    assert done.returncode == 2 and "surrogate" in done.stderr
    strange = os.fsdecode(os.fsencode(dataset.folder) + b"/d\xff.json")
    dataset.write([say("a", "b")])
    os.rename(dataset.registry, strange)
    assert mmvalidate(strange).returncode == 0

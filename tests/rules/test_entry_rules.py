"""Rules that speak of entries and files, and of a row beside its peers."""

import json
import random

import pytest

from tests.conftest import TAGS, say
from tests.rules.rows import SEE, codes, long
from validator.rules.peers import Peers


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"formatting": "ShareGPT"}, ["DI001"]),
        ({"columns": "messages"}, ["DI001"]),
        ({"file_name": "gone.json"}, ["DI002"]),
        ({"file_name": "gone.parquet"}, ["DI002"]),
        ({"file_name": "data.JSON"}, ["DI003"]),
        ({"file_name": "data.md"}, ["DI003"]),
        ({"columns": {"images": "images"}}, ["DI015"]),
        ({"columns": {"messages": "messages", "images": "pictures"}}, ["DI005"]),
        ({"tags": {**TAGS, "role_tag": "from"}}, ["DI015"]),
        ({"column": {}, "columns": {"messages": "messages"}}, ["DI010"]),
        ({"hf_hub_url": "a/b"}, []),
        ({"formatting": "openai"}, []),
        (
            {"ranking": True, "columns": {"messages": "messages", "chosen": "c", "rejected": "r"}},
            ["DI015"],
        ),
        ({"split": "test"}, ["DI001"]),
        ({"split": "train[:50%]"}, ["DI001"]),
        ({"split": "train[:1]"}, []),
        ({"num_samples": 5}, ["DI012"]),
    ],
)
def test_entries(dataset, entry, expected):
    for name in ("data.JSON", "data.md"):
        (dataset.folder / name).write_text("[]")
    dataset.write([say("a", "b", images=[])], **entry)
    assert codes(dataset.check()[1]) == expected


def test_a_refused_file_is_still_checked_to_its_end(dataset):
    dataset.image("ok.png")
    rows = [
        say(*SEE, images=["ok.png"]),
        say(*SEE, images="ok.png"),
        say("a", "b", "c", images=None),
        say(*SEE, images=["gone.png"]),
    ]
    for suffix in ("json", "jsonl"):
        dataset.write(rows, suffix)
        result, findings = dataset.check()
        found = [(finding["code"], finding["row"]) for finding in findings if finding["code"] != "DU001"]
        assert found == [("DI004", 1), ("CV002", 2), ("MD001", 3)]
        assert result.summary["rows"] == {
            "total": 4,
            "ok": 0,
            "flagged": 2,
            "dropped": 1,
            "not_loaded": 1,
            "unchecked": 0,
        }


def test_rows_that_are_no_json_are_flagged(dataset):
    dataset.write('{"messages": [], "images": null}\n{"messages": \n' + json.dumps(say("a", "b", images=None)))
    result, findings = dataset.check()
    assert [(finding["code"], finding["row"]) for finding in findings] == [("CV003", 0), ("DI004", 1)]
    assert result.summary["rows"] == {"total": 3, "ok": 0, "flagged": 1, "dropped": 1, "not_loaded": 1, "unchecked": 0}


@pytest.mark.parametrize("content", ["", "[]", " \n", "{}\n{}"])
def test_files_without_rows(dataset, content):
    dataset.write(content, "json")
    findings = dataset.check()[1]
    assert "DI009" in codes(findings)


def test_incomplete_tags_are_blamed_for_dropped_rows(dataset):
    row = {"messages": [{"role": "system", "content": "s"}, *say("a", "b")["messages"]]}
    dataset.write([row, row, say("a", "b")], tags=TAGS)
    findings = dataset.check()[1]
    assert codes(findings) == ["DI006"]
    assert [row["status"] for row in dataset.samples()] == ["dropped", "dropped", "ok"]
    assert "2 rows with system messages" in next(f["message"] for f in findings if f["code"] == "DI006")
    dataset.write([row, row])
    assert codes(dataset.check()[1]) == ["DU001"]
    dataset.write([say("a", "b")], tags=TAGS)
    assert codes(dataset.check()[1]) == []


@pytest.mark.parametrize(("before", "expected"), [(999, []), (1000, ["DI007"]), (1001, ["DI007"])])
def test_the_first_thousand_rows(dataset, before, expected):
    name = dataset.image("ok.png")
    dataset.write([say("a", "b", images=[])] * before + [say(*SEE, images=[name])])
    assert codes(dataset.check(ignore=("DU",))[1], "TK005") == expected


BAD, GOOD = say("a"), say("a", "b")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([BAD] * 999 + [GOOD], []),
        ([BAD] * 1000 + [GOOD], ["DI008"]),
        ([GOOD] + [BAD] * 999, []),
        ([GOOD] + [BAD] * 1000, ["DI008"]),
        ([GOOD] * 1000 + [BAD] * 3, ["DI008"]),
        ([GOOD] * 1000 + [BAD] * 1000 + [GOOD], ["DI008"]),
        ([BAD] * 5, ["DI009"]),
    ],
)  # each verdict was seen in the trainer's whole run: tests/oracle/test_live.py
def test_batches_of_broken_rows(dataset, rows, expected):
    dataset.write(rows)
    assert codes(dataset.check(ignore=("DU",))[1], "CV002") == expected


def test_outliers_need_enough_peers_of_their_kind(dataset):
    name = dataset.image("big.png", (1080, 2400))
    odd = say(long(30), "b", images=None)
    seen = say(*SEE, images=[name])
    dataset.write([say("a", "b", images=[name][:0] or None)] * 150 + [odd, seen])
    assert codes(dataset.check(ignore=("DU",))[1]) == []
    dataset.write([seen, *[say("a", "b", images=None)] * 250, odd])
    findings = dataset.check(ignore=("DU",))[1]
    assert [(finding["code"], finding["row"]) for finding in findings] == [("TK005", 251)]


def test_image_tokens_far_above_those_of_peers(dataset):
    small, big = dataset.image("s.png", (100, 100)), dataset.image("b.png", (1080, 2400))
    dataset.write([say(*SEE, images=[small])] * 250 + [say(*SEE, images=[big])])
    assert [(f["code"], f["row"]) for f in dataset.check(ignore=("DU",))[1]] == [("TK005", 250), ("TK006", 250)]


@pytest.mark.parametrize("spread", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("planted", [0, 1, 30, 60])
def test_outliers_of_skewed_lengths(spread, planted):
    """Lengths of texts have a long tail: at most 1 healthy row in 1,000 is named, and every one of ten times the length
    that 90 of 100 rows reach, up to 2 rows in 100.
    """
    dice = random.Random(8)
    lengths = [round(dice.lognormvariate(5, spread)) for _ in range(3000)]
    long = 10 * sorted(lengths)[2700]
    peers = Peers()
    for row, length in enumerate([*lengths, *[long] * planted]):
        peers.add(length, "f", row, "")
    named = [row for _, _, row, _ in peers.above(peers.threshold())]
    assert len([row for row in named if row < 3000]) <= 3
    assert [row for row in named if row >= 3000] == list(range(3000, 3000 + planted))


@pytest.mark.parametrize(("counts", "expected"), [([100] * 199, None), ([10] * 200, 256), ([300] * 200, 750.0)])
def test_the_threshold_of_outliers(counts, expected):
    peers = Peers()
    for row, count in enumerate(counts):
        peers.add(count, "f", row, "")
    assert peers.threshold() == expected


def test_the_limit_that_would_fit_fits(dataset):
    name = dataset.image("big.png", (1080, 2400))
    dataset.write([say("<image><image>a", "b", images=[name] * 2)])
    findings = [item for item in dataset.check(cutoff_len=2048)[1] if item["code"] != "LB003"]
    fits = {finding["evidence"]["fitting_image_max_pixels"] for finding in findings}
    assert len(fits) == 1 and (limit := fits.pop()) is not None
    assert codes(dataset.check(cutoff_len=2048, image_max_pixels=limit)[1], "LB003") == []
    assert codes(dataset.check(cutoff_len=2048, image_max_pixels=limit + 40 * 784)[1]) != []


def test_rows_of_an_entry_that_cannot_be_loaded_are_not_ok(dataset):
    """A thousand rows without images before one that has some: each row is fine, and none is ever reached."""
    dataset.image("a.png")
    dataset.write([*[say(f"{n}", "b", images=None) for n in range(1000)], say("<image>a", "b", images=["a.png"])])
    summary = dataset.check(ignore=("DU",))[0].summary
    assert (summary["verdict"], summary["rows"]["ok"], summary["rows"]["not_loaded"]) == ("failed", 0, 1001)
    assert (summary["training"]["whole"], summary["training"]["not_loaded"]) == (0, 1001)
    assert summary["datasets"][0]["stopped_by"] == ["DI007"]
    assert {sample["status"] for sample in dataset.samples()} == {"not_loaded"}
    again = dataset.check(ignore=("DU", "DI007"))[0].summary
    assert again["rows"]["ok"] == 1001, "nothing says that it cannot be loaded"

"""Every rule: rows that it must find, exactly, and rows that it must leave alone (the traps of the taxonomy)."""

import json
import re
from collections import Counter

import pytest

from tests.conftest import ROOT, TAGS, check, say
from tests.rules.corruptions import CORRUPTIONS
from tests.rules.test_corpus_rules import CORPUS
from validator.rules.registry import all_rules, choose_rules, find_rule
from validator.settings import Settings


def long(times):
    """Much text that does not repeat itself."""
    return "".join(f"one two three four five six seven eight nine {number} " for number in range(times))


SEE = ("<image>What?", "A thing.")
CALL = {"messages": [*say("a")["messages"], {"role": "function", "content": "find(x)"}]}


STATIC = [rule for rule in all_rules() if rule.family not in ("RP", "CF", "CK")]
"""The others speak of replayed samples (tests/replay), configurations and checkpoints (test_training_rules.py, ...)."""


def codes(findings, *left_out):
    return sorted({finding["code"] for finding in findings} - set(left_out))


# ---- one row, one fault: the corruptor's table ----------------------------------------------------
FAULTS = {
    "roles swapped": ({"messages": list(reversed(say("a", "b")["messages"]))}, {}, ["CV001"]),
    "question without answer": (say("a", "b", "c"), {}, ["CV002"]),
    "no messages": (say(), {}, ["CV003"]),
    "system message alone": ({"messages": [{"role": "system", "content": "s"}]}, {}, ["CV003"]),
    "messages null": ({"messages": None}, {}, ["CV004"]),
    "content null": (say("a", None), {}, ["CV005"]),
    "no UTF-8": (say("a\ud800", "b"), {}, ["CV010"]),
    "function call no JSON": (CALL, {}, ["CV006"]),
    "tools no JSON": (say("a", "b", tools="f()"), {}, ["CV007"]),
    "image without placeholder": (say("a", "b", images=["ok.png"]), {}, ["PH001"]),
    "placeholder without image": (say("<image>a", "b"), {}, ["PH001"]),
    "literal <video>": (say("a", "use <video>"), {}, ["PH001"]),
    "placeholder in answer": (say("a", "<image>", images=["ok.png"]), {}, ["PH002"]),
    "placeholder in system prompt": (say("a", "b", system="<image>"), {}, ["PH003"]),
    "end token in answer": (say("a", "b<|im_end|>"), {}, ["PH004"]),
    "image pad in question": (say("a<|image_pad|>", "b"), {}, ["PH004"]),
    "special token in system prompt": (say("a", "b", system="<|im_start|>"), {}, ["PH004"]),
    "image gone": (say(*SEE, images=["gone.png"]), {}, ["MD001"]),
    "empty path": (say(*SEE, images=[""]), {}, ["MD001"]),
    "folder for image": (say(*SEE, images=["."]), {}, ["MD001"]),
    "web page for image": (say(*SEE, images=["page.jpg"]), {}, ["MD002"]),
    "empty file": (say(*SEE, images=["empty.jpg"]), {}, ["MD002"]),
    "cut image": (say(*SEE, images=["cut.jpg"]), {}, ["MD003"]),
    "flipped image": (say(*SEE, images=["flipped.png"]), {}, ["MD004"]),
    "very large image": (say(*SEE, images=["huge.png"]), {}, ["MD010"]),
    "slow image": (say(*SEE, images=["slow.jpg"]), {}, ["MD012"]),
    "image that takes minutes": (say(*SEE, images=["endless.jpg"]), {}, ["MD012", "XX001"]),
    "image with much behind it": (say(*SEE, images=["padded.png"]), {}, ["IM008", "MD013"]),
    "garbled image": (say(*SEE, images=["garbled.jpg"]), {"advice": True}, ["MD011"]),
    "URL": (say(*SEE, images=["https://a.b/c.png"]), {}, ["MD006"]),
    "data URI": (say(*SEE, images=["data:image/png;base64,AAAA"]), {}, ["MD006"]),
    "null image": (say(*SEE, images=[None]), {}, ["MD007"]),
    "null after a path": (say("<image><image>", "b", images=["ok.png", None]), {}, ["MD007"]),
    "audio": (say("<audio>a", "b", audios=["a.wav"]), {}, ["MD008"]),
    "thin line": (say(*SEE, images=["line.png"]), {}, ["IM001", "IM008"]),
    "thin image": (say(*SEE, images=["thin.png"]), {}, ["IM002"]),
    "image cut": (
        say("<image><image>a", "b", images=["big.png"] * 2),
        {"cutoff_len": 2048},
        ["LB003", "TK001", "TK006"],
    ),
    "image in a dropped turn": (say(long(50), "b", *SEE, images=["ok.png"]), {"cutoff_len": 256}, ["TK001", "TK003"]),
    "turns dropped": (say(long(40), long(40), "c", "d"), {"cutoff_len": 512}, ["TK002", "TK003", "TK004"]),
    "question cut": (say(long(100), "b"), {"cutoff_len": 512}, ["TK003"]),
    "answer cut": (say("a", long(100)), {"cutoff_len": 512}, ["TK004"]),
    "no label left": (say(long(2000), long(4)), {"cutoff_len": 64}, ["LB001", "TK003", "TK004"]),
    "empty answer": (say("a", ""), {}, ["LB002"]),
    "blank answer": (say("a", " \n"), {}, ["LB002"]),
    "video gone": (say("<video>a", "b", videos=["a.mp4"]), {}, ["MD001"]),
    "page for a video": (say("<video>a", "b", videos=["page.mp4"]), {}, ["MD002"]),
    "absolute path": (say(*SEE, images=["/nowhere/a.png"]), {}, ["MD001", "MD009"]),
}  # fmt: skip
FINE = {
    "text only": say("a", "b"),
    "image": say(*SEE, images=["ok.png"]),
    "the same image twice": say("<image><image>a", "b", images=["ok.png", "ok.png"]),
    "images null": say("a", "b", images=None),
    "images empty": say("a", "b", images=[]),
    "image in observation": {
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "function", "content": '{"name": "shot", "arguments": {}}'},
            {"role": "observation", "content": "<image>"},
            {"role": "assistant", "content": "b"},
        ],
        "images": ["ok.png"],
    },
    "upper case": say("<Image> is not counted", "b"),
    "escaped": say("&lt;image&gt; is not counted", "b"),
    "nearly special": say("<|image|> <|im_end |>", "b"),
    "CMYK": say(*SEE, images=["cmyk.jpg"]),
    "black": say(*SEE, images=["black.png"]),
    "ratio of exactly 200": say(*SEE, images=["ratio.png"]),
    "one-token answer": say("a", "b"),
    "cut in its last bytes, which Pillow forgives": say(*SEE, images=["tail.png"]),
    "id": say("a", "b", id="x-1"),
    "garbled, unless advice is asked for": say(*SEE, images=["garbled.jpg"]),
}


NOTED = {
    "one pixel": (say(*SEE, images=["dot.png"]), ["IM009"]),
    "transparent": (say(*SEE, images=["alpha.png"]), ["IM008"]),
}


@pytest.fixture
def files(dataset):
    from PIL import Image

    dataset.image("ok.png")
    dataset.image("cmyk.jpg", (60, 60), "CMYK")
    dataset.image("dot.png", (1, 1))
    dataset.image("black.png", (300, 200))
    dataset.image("alpha.png", (60, 60), "RGBA")
    dataset.image("ratio.png", (5600, 28))
    dataset.image("big.png", (1080, 2400))
    dataset.image("line.png", (1_200_000, 1), "1")
    dataset.image("thin.png", (2000, 9))
    dataset.image("huge.png", (10_000, 9000), "1")
    noise = Image.effect_noise((120, 120), 80)
    for name in ("cut.jpg", "flipped.png", "tail.png"):
        noise.save(dataset.folder / name)
    cut, tail, flipped = (dataset.folder / name for name in ("cut.jpg", "tail.png", "flipped.png"))
    cut.write_bytes(cut.read_bytes()[:-900])
    tail.write_bytes(tail.read_bytes()[:-12])
    data = bytearray(flipped.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    flipped.write_bytes(data)
    slow = (ROOT / "sample_data" / "broken" / "slow.jpg").read_bytes()
    (dataset.folder / "slow.jpg").write_bytes(slow)
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    (dataset.folder / "endless.jpg").write_bytes(slow[:2] + b"\xff" + slow[2:-2] + scan * 12_000 + slow[-2:])
    (dataset.folder / "padded.png").write_bytes((dataset.folder / "ok.png").read_bytes() + bytes(5 << 20))
    noise.resize((600, 600)).save(dataset.folder / "garbled.jpg")
    garbled = bytearray((dataset.folder / "garbled.jpg").read_bytes())
    garbled[9000:9512] = bytes(512)
    (dataset.folder / "garbled.jpg").write_bytes(garbled)
    for name in ("page.jpg", "page.mp4"):
        (dataset.folder / name).write_text("<html>404</html>")
    (dataset.folder / "empty.jpg").write_bytes(b"")
    return dataset


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_its_codes_and_no_others(files, name):
    row, settings, expected = FAULTS[name]
    files.write([row, {**say("other", "row"), **dict.fromkeys(row.keys() - {"messages"})}])
    result, findings = files.check(**settings)
    assert codes(findings) == sorted(expected)
    assert {finding["row"] for finding in findings} <= {0, None}
    rows = result.summary["rows"]
    assert rows["ok"] + rows["flagged"] + rows["dropped"] + rows["unchecked"] == rows["total"] == 2


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_not_flagged(files, name):
    files.write([FINE[name], say("other", "row", images=None)])
    result, findings = files.check()
    assert findings == []
    assert result.summary["verdict"] == "passed" and result.summary["rows"]["ok"] == 2


@pytest.mark.parametrize("name", NOTED)
def test_what_is_fine_may_be_noted(files, name):
    row, expected = NOTED[name]
    files.write([row, say("other", "row", images=None)])
    result, findings = files.check()
    assert [(finding["code"], finding["severity"]) for finding in findings] == [(code, "info") for code in expected]
    assert result.summary["verdict"] == "passed"


def test_exactly_the_cutoff_is_fine(files):
    files.write([say("a", "b c d e f g h i j k l m")])
    tokens = files.check()[0].summary["datasets"][0]["num_tokens_full"]["max"]
    assert codes(files.check(cutoff_len=tokens)[1]) == []
    assert codes(files.check(cutoff_len=tokens - 1)[1]) != []


# ---- entries and files -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"formatting": "ShareGPT"}, ["DI001"]),
        ({"columns": "messages"}, ["DI001"]),
        ({"file_name": "gone.json"}, ["DI002"]),
        ({"file_name": "gone.parquet"}, ["DI002"]),
        ({"file_name": "data.JSON"}, ["DI003"]),
        ({"file_name": "data.md"}, ["DI003"]),
        ({"columns": {"images": "images"}}, ["DI005"]),
        ({"columns": {"messages": "messages", "images": "pictures"}}, ["DI005"]),
        ({"tags": {**TAGS, "role_tag": "from"}}, ["DI005"]),
        ({"column": {}, "columns": {"messages": "messages"}}, ["DI010"]),
        ({"hf_hub_url": "a/b"}, []),
        ({"formatting": "openai"}, []),
        (
            {"ranking": True, "columns": {"messages": "messages", "chosen": "c", "rejected": "r"}},
            ["CV002", "DI009", "DI011"],
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
        assert result.summary["rows"] == {"total": 4, "ok": 1, "flagged": 2, "dropped": 1, "unchecked": 0}


def test_rows_that_are_no_json_are_flagged(dataset):
    dataset.write('{"messages": [], "images": null}\n{"messages": \n' + json.dumps(say("a", "b", images=None)))
    result, findings = dataset.check()
    assert [(finding["code"], finding["row"]) for finding in findings] == [("CV003", 0), ("DI004", 1)]
    assert result.summary["rows"] == {"total": 3, "ok": 1, "flagged": 1, "dropped": 1, "unchecked": 0}


@pytest.mark.parametrize("content", ["", "[]", " \n", "{}\n{}"])
def test_files_without_rows(dataset, content):
    dataset.write(content, "json")
    findings = dataset.check()[1]
    assert "DI009" in codes(findings)


def test_incomplete_tags_are_blamed_for_dropped_rows(dataset):
    row = {"messages": [{"role": "system", "content": "s"}, *say("a", "b")["messages"]]}
    dataset.write([row, row, say("a", "b")], tags=TAGS)
    findings = dataset.check()[1]
    assert codes(findings) == ["CV001", "DI006"]
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


def test_the_limit_that_would_fit_fits(dataset):
    name = dataset.image("big.png", (1080, 2400))
    dataset.write([say("<image><image>a", "b", images=[name] * 2)])
    findings = [item for item in dataset.check(cutoff_len=2048)[1] if item["code"] != "LB003"]
    fits = {finding["evidence"]["fitting_image_max_pixels"] for finding in findings}
    assert len(fits) == 1 and (limit := fits.pop()) is not None
    assert codes(dataset.check(cutoff_len=2048, image_max_pixels=limit)[1], "LB003") == []
    assert codes(dataset.check(cutoff_len=2048, image_max_pixels=limit + 40 * 784)[1]) != []


# ---- the framework ---------------------------------------------------------------------------------
EXPECTED = [json.loads(line) for line in (ROOT / "sample_data" / "expected_findings.jsonl").read_text().splitlines()]


def test_sample_data_gives_what_it_says(tmp_path):
    """sample_data/expected_findings.jsonl, nothing more and nothing less."""
    _, findings = check(ROOT / "sample_data" / "dataset_info.json", tmp_path)
    found = [tuple(finding[key] for key in ("code", "dataset", "row", "turn")) for finding in findings]
    assert Counter(found) == Counter(tuple(item.values()) for item in EXPECTED)


def test_sample_data_plants_every_rule():
    planted = {item["code"] for item in EXPECTED}
    assert {rule.code for rule in STATIC} - planted == {
        "LB001",
        "MD010",
        "MD011",
        "MD013",
        "XX001",
        "LB004",
        *ALWAYS,
    }  # a tiny cutoff, huge files and rows, options, a fault of ours


def test_every_rule_has_a_case_here_or_in_sample_data():
    here = {code for _, _, expected in FAULTS.values() for code in expected}
    here |= {fault.code for fault in CORRUPTIONS.values()} | set(CORPUS)
    assert {rule.code for rule in STATIC} <= here | {item["code"] for item in EXPECTED} | {"XX001", "XX003"}


def test_a_fault_of_ours_loses_no_row(dataset, monkeypatch):
    """One row at which mmvalidate fails is unchecked; the others are judged."""
    from validator.facts.measure import Measurer

    convert = Measurer.convert

    def fail_at_one(self, raw):
        if raw.index == 1:
            raise RuntimeError("boom")
        return convert(self, raw)

    monkeypatch.setattr(Measurer, "convert", fail_at_one)
    dataset.write([say("a", "b"), say("a", "b"), say("a")])
    result, findings = dataset.check()
    assert [(finding["code"], finding["row"]) for finding in findings] == [("XX001", 1), ("CV002", 2)]
    assert result.summary["rows"] == {"total": 3, "ok": 1, "flagged": 0, "dropped": 1, "unchecked": 1}
    assert result.summary["exit_code"] == 3


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_documentation(rule):
    headings = re.findall(r"^## (.*)$", rule.doc, re.MULTILINE)
    assert headings == ["What it finds", "Why it hurts", "Example", "What to do"]
    assert re.fullmatch(r"[A-Z]{2}\d{3}", rule.code) and re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.summary.endswith(".")
    checks = (rule.row, rule.corpus, rule.replay, rule.systemic, rule.training, rule.checkpoint)
    assert sum(check is not None for check in checks) == 1


def test_codes_and_names_are_unique():
    rules = all_rules()
    assert len({rule.code for rule in rules}) == len({rule.name for rule in rules}) == len(rules)


@pytest.mark.parametrize(
    ("select", "ignore", "runs"),
    [
        ((), (), {"PH001", "MD001", "TK001"}),
        (("PH",), (), {"PH001", "PH004"}),
        (("ph001",), (), {"PH001"}),
        (("placeholder-count-mismatch",), (), {"PH001"}),
        (("ALL",), ("MD",), {"PH001", "TK001"}),
    ],
)
def test_selection(select, ignore, runs):
    settings = Settings(dataset_info="x.json", select=select, ignore=ignore)
    chosen, left_out = choose_rules(settings)
    names = {rule.code for rule in chosen}
    assert runs <= names and len(names) + len(left_out) == len(all_rules())
    assert all(
        any(code.startswith(word.upper()) or word in ("ALL", find_rule(code).name) for word in select or ("ALL",))
        for code in names
    )
    assert not any(code.startswith(word) for code in names for word in ignore)


ALWAYS = {
    "DI014": "not for the trainer llamafactory",
    "DU006": "needs --preview",
    "TK008": "needs --model-size",
    "XX003": "needs --exact",
}


def test_depth_leaves_rules_out_and_says_so():
    _, left_out = choose_rules(Settings(dataset_info="x.json", integrity="header"))
    assert {rule.code: reason for rule, reason in left_out if rule in STATIC} == dict.fromkeys(
        ("IM003", "IM004", "IM008", "MD003", "MD004", "MD011", "MD012", "VD003"), "needs --integrity fast"
    ) | ALWAYS
    _, left_out = choose_rules(Settings(dataset_info="x.json"))
    left_out = [(rule, reason) for rule, reason in left_out if rule in STATIC]
    assert {rule.code: reason for rule, reason in left_out} == ALWAYS | {"MD011": "needs --advice"}
    everything = Settings(dataset_info="x.json", advice=True, exact=True, preview=True, model_size="7B")
    assert [rule.code for rule, _ in choose_rules(everything)[1] if rule in STATIC] == ["DI014"]


def test_unknown_rules_get_the_nearest():
    with pytest.raises(
        ValueError, match=r"There is no rule placeholder-mismatch. Did you mean placeholder-count-mismatch\?"
    ):
        find_rule("placeholder-mismatch")
    with pytest.raises(ValueError, match="There is no rule ZZ999"):
        choose_rules(Settings(dataset_info="x.json", select=("ZZ999",)))

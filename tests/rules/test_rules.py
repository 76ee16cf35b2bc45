"""Every rule: rows that it must find, exactly, and rows that it must leave alone (the traps of the taxonomy)."""

import pytest
from PIL import Image

from tests.conftest import ROOT, Dataset, say
from tests.rules.corpus_cases import CORPUS
from tests.rules.row_cases import FAULTS
from tests.rules.rows import SEE, codes

# ---- one row, one fault: the corruptor's table ----------------------------------------------------
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


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    dataset = Dataset(tmp_path_factory.mktemp("rules"))
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


@pytest.mark.parametrize("template", ["qwen3_vl", "qwen3_vl_nothink"])
@pytest.mark.parametrize(
    ("row", "found"),
    [
        (say("a", "<think>\nhm\n</think>\n\nb"), []),
        (say("a", "hm\n</think>\n\nb"), ["PH004"]),
        (say("<think>\nhm\n</think>\n\na", "b"), ["PH004"]),
        (say("a", "<think>\nhm\n</think>\n\nb<|im_end|>"), ["PH004"]),
    ],
)
def test_thoughts_are_meant_to_stand_in_answers(dataset, template, row, found):
    dataset.write([row])
    assert codes(dataset.check(processor="qwen3-vl", template=template)[1]) == found


@pytest.mark.parametrize(
    ("processor", "system"), [("embedded", "0-1000"), ("qwen2.5-vl", "pixels of the image as it is fed")]
)
def test_which_coordinates_are_the_models_own(dataset, processor, system):
    rows, _, _ = CORPUS["IM011"]
    dataset.image("wide.png", (2000, 100))
    dataset.write(rows)
    (finding,) = (item for item in dataset.check(processor=processor)[1] if item["code"] == "IM011")
    assert finding["help"] == f"Convert all coordinates to one system, preferably the model's own: {system}."

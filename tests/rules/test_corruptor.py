"""A clean row, one fault in it, and exactly the codes that tests/rules/corruptions.py says; and near misses."""

import random
import struct
import zlib

import pytest
from PIL import Image

from scripts.sample_faults import film
from tests.conftest import Dataset, say
from tests.rules.corruptions import BASE64, CLEAN, CORRUPTIONS, LEAK, SEE, draw_files, noise, turns, words
from tests.rules.own_codes import OF_AXOLOTL, OF_NEMO, OF_V1
from validator.rules.registry import all_rules

PLAIN = {**dict.fromkeys(CLEAN), **say("What is two and two?", "Four.")}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = Dataset(tmp_path_factory.mktemp("corruptor"))
    draw_files(made)
    return made


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_one_fault(files, name):
    fault = CORRUPTIONS[name]
    files.write([{**CLEAN, **fault.change}, {**PLAIN, **(fault.other or {})}], **fault.entry)
    result, findings = files.check(
        ignore=("DU", "LB003", "LB006", *(("PH001",) if fault.other else ())), **fault.settings
    )
    codes = [finding["code"] for finding in findings if finding["row"] != 1]
    assert sorted(set(codes)) == sorted({fault.code, *fault.others})
    assert codes.count(fault.code) == 1
    assert (
        sum(result.summary["rows"][status] for status in ("ok", "flagged", "dropped", "not_loaded", "unchecked")) == 2
    )


def test_the_clean_row_is_clean(files):
    files.write([CLEAN, PLAIN])
    for integrity in ("header", "fast", "full"):
        assert files.check(integrity=integrity, advice=True, preview=True)[1] == []


def test_every_row_rule_has_a_corruption():
    hit = {fault.code for fault in CORRUPTIONS.values()}
    assert {rule.code for rule in all_rules() if rule.row is not None} - hit == {
        *(
            "CV008",
            "CV009",
            "XX001",
            "XX003",
        ),  # of openai and alpaca rows, a fault of ours: test_rules.py
        *("DI022", "LB005", "TK010"),  # of tables without pictures: tests/unit/test_trl.py
        *("DI025", "VD015"),  # of TRL's videos: tests/unit/test_trl_videos.py
        *("IM013", "DI023", "DI024", "DI026"),  # of unsloth: tests/unit/test_unsloth.py
        *OF_V1 - {"DI028"},  # of LLaMA-Factory v1: tests/unit/test_llamafactory_v1.py
        *("VD012", "VD013"),  # of ms-swift: tests/rules/test_videos_of_swift.py
        *OF_AXOLOTL,  # of axolotl: tests/unit/test_axolotl.py
        *OF_NEMO,  # of NeMo AutoModel: tests/unit/test_nemo_automodel.py
    }


NEAR_MISSES = {
    "hexadecimal": turns(SEE + "0123456789abcdef" * 64, "b"),
    "a long rule": turns(SEE, "=" * 1000),
    "a long word": turns(SEE + "a" * 3000, "b"),
    "a base64 thumbnail of 300 characters": turns(SEE + BASE64[:300], "b"),
    "a question in a loop": turns(SEE + "again and " * 100, "b"),
    "a table": turns(SEE, "\n".join(f"| row {number} | {number * 7} | yes |" for number in range(60))),
    "a short refrain": turns(SEE, "na " * 60),
    "French": turns(SEE, "À l'été, Zoë a mangé où ? «Là-bas» – «ça va», dit-il…"),
    "Portuguese in capitals": turns(SEE, "SÃO PAULO NÃO É A CAPITAL, IRMÃOS"),
    "one degree sign read wrongly": turns(SEE, "25Â°C"),
    "an array named INST": turns(SEE, "INST[0] < [INSTANCE]"),
    "Human: alone": turns(SEE, "Human: a primate."),
    "a call alone": turns(SEE, '<tool_call>{"name": "look", "arguments": {}}</tool_call>'),
    "how replies look": turns(SEE, "The tool writes <tool_response>; before it stands your <tool_call>."),
    "a diary": turns(SEE, "Day 1\nObservation: rain.\nAction: none."),
    "a reply in the question": turns(SEE + "<tool_call>{}</tool_call><tool_response>3</tool_response>", "Mail."),
    "the system prompt in the question": {**turns(SEE + LEAK, "Mail."), "system": LEAK},
    "a short system prompt in the answer": {**turns(SEE, "I will be brief."), "system": "be brief"},
    "a box of 0 to 1000": turns(SEE, '{"bbox_2d": [10, 20, 999, 1000]}'),
    "a small box on a small screen": turns(SEE, '{"bbox_2d": [10, 20, 14, 24]}'),
    "a point": turns(SEE, '{"point_2d": [500, 500]}'),
    "a screen that is pointed at": turns(SEE, "click(start_box='[500, 500, 500, 500]')"),
    "an example that is no box": turns(SEE + ' Answer as "bbox_2d": [x1, y1, x2, y2].', "click(x, y)"),
    "a listener": turns(SEE, "Write addEventListener('click', f) or onclick(2000, 3000)."),
    "a box in pixels": turns(SEE, '{"bbox_2d": [10, 20, 300, 400]}'),
    "Qwen's box": turns(SEE, "<|object_ref_start|>Mail<|object_ref_end|><|box_start|>(5,5),(900,900)<|box_end|>"),
    "four numbers": turns(SEE, "The bars are [1200, 1300, 1400, 1500] high; see the box."),
    "a box as left, top, width, height": turns(SEE, '"bbox": [1500, 1200, 100, 200]'),
    "a box without an image": turns("Where?", '"bbox": [1200, 300, 1600, 420]', images=None),
    "photo of 16 bits in colour": turns(SEE, "b", images=["deep_colour.png"]),
    "grey of 16 bits, all dark": turns(SEE, "b", images=["dark.png"]),
    "grey of floating point, 0 to 255": turns(SEE, "b", images=["grey.tif"]),
    "white on transparent, whose ground is black": turns(SEE, "b", images=["white.png"]),
    "Matroska of few frames": turns("<video>What?", "b", images=None, videos=["short.mkv"]),
    "video that is upright": turns("<video>What?", "b", images=None, videos=["upright.mp4"]),
    "opaque alpha": turns(SEE, "b", images=["opaque.png"]),
    "picture with soft edges": turns(SEE, "b", images=["soft.png"]),
    "upright photo": turns(SEE, "b", images=["upright.jpg"]),
    "GIF of one frame": turns(SEE, "b", images=["still.gif"]),
    "icon": turns(SEE, "b", images=["icon.png"]),
    "tools with < and |": {"tools": '[{"name": "f", "description": "a < b | c <|x|>"}]'},
    "question of a thousand tokens": turns(words(300), words(9), images=None),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses(files, name):
    files.write([{**CLEAN, **NEAR_MISSES[name]}, PLAIN])
    assert [(finding["code"], finding["message"]) for finding in files.check()[1]] == []


@pytest.fixture(scope="module", autouse=True)
def near_files(files):
    folder = files.folder
    rows = noise((64, 64)).tobytes()

    dark = bytes(byte for value in random.Random(2).randbytes(4096) for byte in (value, 0))
    Image.frombytes("I;16", (64, 64), dark).save(folder / "dark.png")
    deep_colour(folder / "deep_colour.png", rows)
    noise((64, 64)).convert("RGBA").save(folder / "opaque.png")
    noise((64, 64)).convert("F").save(folder / "grey.tif")
    film(folder / "short.mkv", "mpeg4", 100)
    film(folder / "upright.mp4", "mpeg4", turned=360)
    soft = noise((64, 64)).convert("RGBA")
    soft.putalpha(Image.linear_gradient("L").resize((64, 64)))
    soft.save(folder / "soft.png")
    exif = Image.Exif()
    exif[0x0112] = 1
    noise((60, 90)).save(folder / "upright.jpg", exif=exif)
    noise((60, 90)).save(folder / "still.gif")
    noise((28, 28)).save(folder / "icon.png")


def deep_colour(path, rows):
    """A PNG in colour of 16 bits, which Pillow cannot write."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    wide = bytes(byte for value in rows for byte in (value, 0))
    lines = b"".join(b"\0" + wide[start : start + 384] for start in range(0, len(wide), 384))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))

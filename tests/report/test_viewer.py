"""`mmvalidate view`: a row as plain text, pictures for terminals that draw them, keys, data that would steer one."""

import base64
import errno
import io
import json
import os
import re
import select
import subprocess
import sys
import time

import pytest
from PIL import Image

from tests.conftest import say
from validator.report.viewer.pictures import encoded, protocol_of

pty = pytest.importorskip("pty")
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e<|im_end|>\rgone"


@pytest.fixture
def home(dataset, mmvalidate):
    image = dataset.image("a.png", (280, 280))
    rows = [
        say("<image>What?", "A button.", images=[image]),
        say("What is here?", "Nothing.", images=[image]),
        say("What?", HOSTILE, images=[]),
        say("Why?", "Because.", images=[]),
    ]
    dataset.write(rows)
    assert mmvalidate("dataset_info.json", "--ignore", "DU").returncode == 1
    return dataset


def test_a_row_as_text(home, mmvalidate):
    done = mmvalidate("view", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "data.jsonl:2 (row 1)  data  stops"
    assert lines[2:8] == [
        "  image 0  ./a.png  280x280, fed as 280x280, 100 tokens",
        "user (turn 0)",
        "    What is here?",
        "assistant (turn 1)",
        "    Nothing.",
        "error PH001 placeholder-count-mismatch",
    ]
    first = mmvalidate("view", "0").stdout
    assert "data.jsonl:1 (row 0)  data  whole\n" in first and first.endswith("no findings\n")
    assert re.search(r"^tokens ·+#+·+=+$", first, re.MULTILINE)
    assert re.search(r"    1\d\d in all: · text \d+, # image 100, = learned text \d+\n", first)


def test_without_a_row_it_begins_at_the_first_with_a_finding(home, mmvalidate):
    run = f".mmvalidate/{home.folder.name}"
    assert mmvalidate("view").stdout == mmvalidate("view", run).stdout == mmvalidate("view", run, "1").stdout


def test_data_do_not_steer_the_terminal(home, mmvalidate):
    said = mmvalidate("view", "2").stdout
    assert all(char.isprintable() or char == "\n" for char in said)
    assert "[U+001B][2J[U+001B]]0;owned[U+0007][U+009B]31m[U+202E]<|im_end|>" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("77",), "The run has no row 77: rows count from 0."),
        (("1", "--dataset", "other"), "The run has no row 1 in other: rows count from 0."),
        (("nowhere", "1"), "nowhere is not a finished run: there is no such folder."),
    ],
)
def test_what_is_not_there_is_said(home, mmvalidate, arguments, sentence):
    done = mmvalidate("view", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and sentence in done.stderr


def test_a_row_of_several_datasets_is_asked_for(home, mmvalidate):
    registry = json.loads(home.registry.read_text())
    home.registry.write_text(json.dumps(registry | {"twice": registry["data"]}))
    assert mmvalidate("dataset_info.json", "--ignore", "DU").returncode == 1
    done = mmvalidate("view", "1")
    wanted = "--dataset data --file data.jsonl, or --dataset twice --file data.jsonl"
    assert done.returncode == 2 and f"The run has 2 rows 1: add {wanted}." in done.stderr
    assert mmvalidate("view", "1", "--dataset", "twice").stdout.startswith("data.jsonl:2 (row 1)  twice  stops")


def test_rows_that_are_gone_say_so(home, mmvalidate):
    home.write([say("Other?", "Rows.", images=[])] * 4)
    said = mmvalidate("view", "1").stdout
    assert "not read again: the row has changed since the run" in said and "What is here?" not in said


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "screen", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, None),
    ],
)
def test_a_terminal_is_known_by_what_it_says(environment, protocol):
    assert protocol_of(environment) == protocol


def picture():
    file = io.BytesIO()
    image = Image.new("RGB", (9, 7), "red")
    image.paste("blue", (0, 0, 4, 7))
    image.save(file, "PNG")
    return image, file.getvalue()


def test_kitty_and_iterm2_get_the_picture_itself():
    image, data = picture()
    kitty = encoded(data, "kitty")
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty)
    assert pieces[0][0].startswith("a=T,f=100,m=") and pieces[-1][0].endswith("m=0")
    (iterm,) = re.findall(r"\x1b\]1337;File=inline=1;[^:]*:([^\x07]*)\x07", encoded(data, "iterm2"))
    for text in ("".join(piece for _, piece in pieces), iterm):
        shown = Image.open(io.BytesIO(base64.b64decode(text)))
        assert shown.size == image.size and shown.convert("RGB").tobytes() == image.tobytes()


def test_sixels_hold_every_pixel():
    image, data = picture()
    assert unsixel(encoded(data, "sixel")) == (image.size, [image.getpixel((x, y)) for y in range(7) for x in range(9)])


def unsixel(text):
    """Size and pixels of sixels, by the description of the VT300."""
    (body,) = re.findall(r"\x1bPq(.*)\x1b\\", text, re.DOTALL)
    _, _, width, height = map(int, re.match(r'"(\d+);(\d+);(\d+);(\d+)', body).groups())
    colours, pixels, colour, x, top = {}, {}, 0, 0, 0
    for token in re.findall(r"#\d+(?:;2;\d+;\d+;\d+)?|!\d+.|[?-~]|\$|-", body.partition(";")[2].split(";", 2)[2]):
        if match := re.fullmatch(r"#(\d+);2;(\d+);(\d+);(\d+)", token):
            colours[int(match[1])] = tuple(round(int(part) * 255 / 100) for part in match.groups()[1:])
        elif token[0] == "#":
            colour = int(token[1:])
        elif token == "$":
            x = 0
        elif token == "-":
            x, top = 0, top + 6
        else:
            times, bits = (int(token[1:-1]), token[-1]) if token[0] == "!" else (1, token)
            rows = [bit for bit in range(6) if (ord(bits) - 63) >> bit & 1]
            pixels |= {(x + step, top + bit): colours[colour] for step in range(times) for bit in rows}
            x += times
    return (width, height), [pixels[x, y] for y in range(height) for x in range(width)]


def pressing(keys, *arguments, cwd, **environment):
    """What the command writes on a terminal while keys are pressed, one for each time that it waits."""
    ours, theirs = pty.openpty()
    given = {name: value for name, value in os.environ.items() if name not in ("TMUX", "STY", "TERM_PROGRAM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "validator.cli.main", "view", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env={**given, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written, left = b"", list(keys)
    end = time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                data = os.read(ours, 65536)
                if not data:
                    break
                written += data
            if b"\x1b[c" in written and b"\x1b[?" not in written:
                os.write(ours, b"\x1b[?62;4c")
                written += b"\x1b[?"  # answered
            if left and written.count(b"q quit") > len(keys) - len(left):
                os.write(ours, left.pop(0).encode())
    except OSError as error:
        assert error.errno == errno.EIO  # the other end is closed
    os.close(ours)
    assert process.wait(timeout=30) == 0
    return written.decode(errors="replace")


def test_keys_lead_on_and_back(home):
    said = pressing(["n", "f", "\x1b[D", "b", "x", "q"], "0", cwd=home.folder, NO_COLOR="1", TERM="dumb")
    assert re.findall(r"\(row (\d)\)  data  ", said) == ["0", "1", "2", "1", "1"]


def test_a_picture_is_drawn_where_the_terminal_can(home):
    kitty = pressing(["q"], "0", cwd=home.folder, KITTY_WINDOW_ID="1")
    assert "\x1b_Ga=T,f=100," in kitty and "image 0" in kitty
    assert "\x1bPq" in pressing(["q"], "0", cwd=home.folder), "it answers that it draws sixels"
    assert "\x1bP" not in pressing(["q"], "0", cwd=home.folder, TMUX="x")

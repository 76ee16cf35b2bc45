"""Anything at all as a training's logs: steps, or a sentence on what was not read, in bounded memory."""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.helpers.anything import ODD, TREES
from validator.auditing import log_files, logs
from validator.auditing.logs import LogPoint, read_log
from validator.auditing.signs import signs

STEP = '{"current_steps": 10, "loss": 1.5}\n'
CUT = "it is no JSON object, or only a part of one"


def state(*items, **beside):
    return json.dumps({"global_step": 5, "log_history": list(items), **beside})


@pytest.mark.parametrize(
    ("name", "text", "unread"),
    [
        ("trainer_log.jsonl", "{\n", ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", '{"loss": 2}\n[]\n7\n', ["3 lines in it can be read as no logged step"]),
        ("trainer_log.jsonl", '{"current_steps": 1e999, "loss": 2}\n', ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", '{"current_steps": true, "loss": 2}\n', ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", "[" * 100_000 + "\n", ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", "1" * 5000 + "\n", ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", "x" * (log_files.PIECE + 9), ["1 line in it can be read as no logged step"]),
        ("trainer_log.jsonl", '\n{"percentage": 5}\n{"half', []),
        ("trainer_state.json", "", [CUT]),
        ("trainer_state.json", "[1]", [CUT]),
        ("trainer_state.json", '{"log_history": 5}', []),
        ("trainer_state.json", '{"global_step": 7, "log_history": [{"loss": 1, "step": 3}, {"lo', [CUT]),
        ("trainer_state.json", state({"loss": "x"}, 7, {"loss": 1, "step": -4}, [], max_steps="x"), []),
        ("trainer_state.json", '{"log_history": [' + "[" * 100_000, [CUT]),
        ("trainer_state.json", '{"log_history": [' + "1" * 5000, [CUT]),
        ("trainer_state.json", '{"a": ' + "[" * 100_000, [CUT]),
        ("run.log", "\0\xff{'loss': }{'loss': 'a'" + "{'loss': " * 1000, []),
    ],
)  # fmt: skip
def test_what_is_not_read_is_said(name, text, unread, tmp_path):
    (tmp_path / name).write_text(text, encoding="latin-1")
    (tmp_path / "other.log").write_text("{'loss': 1.5, 'grad_norm': 2.0}\n")
    log = read_log(tmp_path, 10)
    assert 10 in [point.step for point in log.points]
    assert list(log.unread) == [f"{name} was not read whole: {reason}." for reason in unread]


@pytest.mark.parametrize(
    ("value", "loss"),
    [("1e999", math.inf), ("-Infinity", -math.inf), ("1" + "0" * 400, math.inf), ('"1e400"', math.inf), ("[]", None)],
)
def test_losses_beyond_all_bounds(value, loss, tmp_path):
    (tmp_path / "trainer_log.jsonl").write_text(f'{{"current_steps": 1, "loss": {value}}}\n')
    assert [point.loss for point in read_log(tmp_path).points] == ([] if loss is None else [loss])


def test_a_state_is_read_whole_a_piece_at_a_time(tmp_path, monkeypatch):
    """As the Trainer writes it, with `best_metric` before the steps and `max_steps` after them."""
    items = [{"epoch": 0.1, "grad_norm": math.nan, "loss": 1 / (place + 1), "step": place} for place in range(300)]
    whole = {"best": "}],[{", "global_step": 299, "log_history": items, "max_steps": 300, "stateful": {"args": [{}]}}
    (tmp_path / "trainer_state.json").write_text(json.dumps(whole, indent=2, sort_keys=True))
    expected = read_log(tmp_path)
    assert len(expected.points) == 300 and expected.max_steps == 300 and not expected.unread
    for piece in (131, 256, 1000):
        monkeypatch.setattr(log_files, "PIECE", piece)
        assert repr(read_log(tmp_path)) == repr(expected)


def test_console_lines_at_every_place_of_a_piece(tmp_path, monkeypatch):
    """Between lines of a progress bar that end without a newline."""
    lines = [f"{'=' * (place % 97)}|\r{{'loss': {place}.5, 'grad_norm': '1e-3'}}" for place in range(200)]
    (tmp_path / "run.log").write_text("".join(lines))
    monkeypatch.setattr(log_files, "PIECE", 61)
    assert [point.loss for point in read_log(tmp_path).points] == [place + 0.5 for place in range(200)]


def test_utf16_of_powershell(tmp_path):
    (tmp_path / "run.log").write_text("{'loss': 1.5, 'grad_norm': 2.0}\n", encoding="utf-16")
    assert [point.loss for point in read_log(tmp_path).points] == [1.5]


def test_more_steps_than_are_held(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MOST_POINTS", 3)
    (tmp_path / "run.log").write_text("{'loss': 1.5}\n" * 4)
    assert read_log(tmp_path).unread == ("run.log was not read whole: it holds more than 3 logged steps.",)


def test_files_that_are_no_files(tmp_path):
    (tmp_path / "trainer_log.jsonl").write_text(STEP)
    os.mkfifo(tmp_path / "a.log")
    (tmp_path / "b.log").symlink_to("/dev/zero")
    (tmp_path / "c.log").mkdir()
    (tmp_path / "d.log").symlink_to("gone")
    os.mkfifo(tmp_path / "trainer_state.json")
    log = read_log(tmp_path)
    assert [point.step for point in log.points] == [10]
    assert log.unread == (
        "a.log was not read: it is a named pipe, not a file.",
        "b.log was not read: it is a device, not a file.",
        "trainer_state.json was not read: it is a named pipe, not a file.",
    )


LARGE = """
import resource, sys
from pathlib import Path
from validator.auditing.logs import read_log
resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, 200 << 20))
log = read_log(Path(sys.argv[1]))
print(len(log.points), log.points[-1].grad_norm, log.unread)
"""


@pytest.mark.parametrize("name", ["run.log", "trainer_log.jsonl"])
def test_a_log_above_256_mib_is_read_to_its_end(name, tmp_path):
    """In 200 MiB of memory. Its middle is a hole: the disk is spared."""
    lines = {
        "run.log": ("{'loss': 1.5, 'grad_norm': 2.0}\n", "\n{'loss': 1.5, 'grad_norm': -1.0}\n"),
        "trainer_log.jsonl": (STEP, '\n{"current_steps": 20, "loss": 1.5, "grad_norm": -1.0}\n'),
    }
    with (tmp_path / name).open("w") as file:
        file.write(lines[name][0])
        file.seek(300 << 20)
        file.write(lines[name][1])
    done = subprocess.run(
        [sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.startswith("2 -1.0 "), done.stderr
    assert ("1 line in it" in done.stdout) == (name == "trainer_log.jsonl")


VALUE = TREES | st.sampled_from(ODD) | st.sampled_from(["nan", "inf", "-1", "1e400", ""])
ITEM = st.fixed_dictionaries({}, optional=dict.fromkeys(("step", "current_steps", "loss", "grad_norm", "epoch"), VALUE))
TEXT = st.text(alphabet="{}'[]:,.1e-nainf\n\r\0 losgrad_rm\"", max_size=80)


@given(st.lists(ITEM, max_size=6), st.lists(ITEM | TREES, max_size=6), TEXT, VALUE, st.integers(0, 60))
def test_any_log(items, lines, text, max_steps, cut):
    """Nothing but ValueError, and every sign can be told."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        content = json.dumps({"log_history": items, "max_steps": max_steps, "global_step": max_steps})
        (folder / "trainer_state.json").write_text(content[: len(content) - cut])
        (folder / "trainer_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (folder / "run.log").write_text(f"{{'loss': 1.5, 'grad_norm': {text}}}{text}")
        try:
            log = read_log(folder)
        except ValueError as error:
            assert "holds no log of a training" in str(error)
        else:
            assert all(sign.message.isprintable() for sign in signs(log.points, None))


NORMS = st.lists(st.floats() | st.sampled_from([-1.0, 1e308, 5e-324, 0.0, None]), max_size=40)


@given(NORMS, st.lists(st.none() | st.floats(), min_size=40, max_size=40))
def test_any_numbers(norms, losses):
    points = [LogPoint(step, loss, norm) for step, (norm, loss) in enumerate(zip(norms, losses, strict=False), 1)]
    assert all(sign.message for sign in signs(points, 151936))


def test_a_norm_of_minus_one_is_a_sign():
    points = [LogPoint(step, 1.0, -1.0 if step > 20 else 2.0) for step in range(1, 41)]
    (sign,) = signs(points, None)
    assert (sign.kind, sign.after, sign.step) == ("hidden-nan", 20, 21)
    assert "grad_norm -1.0 (DeepSpeed's word for NaN or infinity) and loss 1.0, and since" in sign.message


def test_norms_near_the_largest_float_leave_their_band():
    points = [LogPoint(step, 1.0, 1.7e308 if step > 35 else 1e307) for step in range(1, 41)]
    assert "stays above 1e308" in signs(points, None)[0].message

"""The second decoder: what it says of intact and of damaged JPEGs, and what happens when its process dies."""

import random
import sys
from contextlib import closing

import pytest

from tests.integrity.damage import damage
from tests.integrity.written import picture, write, written
from tests.tiers import many
from validator.media import advice
from validator.media.advice import Helper, advice_on
from validator.media.probe import probe_bytes, probe_image
from validator.storage.media_files import MediaFiles

ECHO = """
import os, signal, sys, time
while length := sys.stdin.buffer.read(8):
    data = sys.stdin.buffer.read(int.from_bytes(length, "big"))
    if data == b"crash": os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"hang": time.sleep(100)
    if data == b"silence": sys.exit()
    print(data.decode(), flush=True)
"""


def advised(data):
    return advice_on(data, probe_bytes(data, "fast"))


@pytest.mark.proof
def test_nothing_is_said_of_intact_images():
    for name, what, data in written():
        if name in ("JPEG", "MPO", "PNG", "WEBP"):
            assert advised(data) is None, (name, what)


@pytest.mark.larger
def test_damage_that_loads_is_seen_in_about_half_of_the_files():
    dice = random.Random(5)
    sorts = [(mode, {"progressive": progressive}) for mode in ("RGB", "L") for progressive in (False, True)]
    intact = [write(picture(mode, (160, 120)), "JPEG", options) for mode, options in sorts]
    seen, tried, count = 0, 0, many(100, 300)
    while tried < count:
        data = dice.choice(intact)
        _, damaged = damage(data[300:-2], "PNM", dice)
        probe = probe_bytes(data[:300] + damaged + data[-2:], "fast")
        if probe.fault is None:
            tried += 1
            seen += advice_on(data[:300] + damaged + data[-2:], probe) is not None
    assert 0.43 * count < seen < 0.97 * count


def test_files_that_do_not_load_are_not_asked_about(tmp_path):
    data = write(picture("RGB", (160, 120)), "JPEG", {})
    garbled = data[:2000] + bytes(512) + data[2512:]
    (tmp_path / "a.jpg").write_bytes(garbled)
    path = str(tmp_path / "a.jpg")
    assert advice_on(path, probe_image(path, "fast", MediaFiles(""))) == advised(garbled) is not None
    assert advice_on(path, probe_image(path, "header", MediaFiles(""))) is None
    assert advised(data[:2000]) is None
    probe = probe_image(path, "fast", MediaFiles(""))
    (tmp_path / "a.jpg").unlink()
    advice._on_file.cache_clear()
    assert advice_on(path, probe) is None


@pytest.mark.parametrize("last", [b"crash", b"hang", b"silence"])
def test_a_helper_that_dies_costs_one_answer(monkeypatch, last):
    with closing(Helper((sys.executable, "-c", ECHO))) as helper:
        assert helper.ask(b"one") == "one"
        monkeypatch.setattr(advice, "SECONDS", 0.5)
        assert helper.ask(last) == ""
        monkeypatch.setattr(advice, "SECONDS", 60.0)
        assert helper.ask(b"two") == "two"


def test_a_helper_that_is_ended_between_two_questions():
    with closing(Helper((sys.executable, "-c", ECHO))) as helper:
        assert helper.ask(b"one") == "one"
        helper._process.kill()
        assert helper.ask(b"x" * 1_000_000).strip("x") == "" and helper.ask(b"two") == "two"

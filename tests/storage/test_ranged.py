"""A file of which more is fetched where it is read: the same bytes as the file, and few requests."""

import io

import pytest

from validator.errors import ChangedDataError
from validator.storage.ranged import RangedFile

DATA = bytes(number * 7 % 251 for number in range(3_000_000))


def opened(head):
    asked = []

    def ask(first, last):
        asked.append((first, last))
        return DATA[first:last]

    return RangedFile(DATA[:head], len(DATA), ask), asked


@pytest.mark.parametrize("head", [0, 1, 65536, len(DATA)])
def test_read_in_any_way(head):
    file, _ = opened(head)
    buffered = io.BufferedReader(file)
    assert buffered.read(10) == DATA[:10]
    assert buffered.seek(-5, io.SEEK_END) == len(DATA) - 5 and buffered.read() == DATA[-5:] and buffered.read(1) == b""
    buffered.seek(1_000_000)
    assert buffered.read(500_000) == DATA[1_000_000:1_500_000]
    buffered.seek(0)
    assert buffered.read() == DATA


@pytest.mark.parametrize(
    ("head", "reads", "asked"),
    [
        (65536, [(0, 65536)], []),
        (65536, [(0, 70000)], [(65536, 65536 + (1 << 18))]),
        (65536, [(0, 65536), (65530, 100)], [(65536, 65536 + (1 << 18))]),
        (65536, [(2_999_990, 10), (0, 100), (2_999_995, 5)], [(2_999_990, 3_000_000)]),
        (0, [(0, 10), (10, 10), (300_000, 10)], [(0, 1 << 18), (300_000, 300_000 + (1 << 19))]),
    ],
)
def test_no_byte_is_asked_for_that_is_at_hand(head, reads, asked):
    file, told = opened(head)
    for place, number in reads:
        file.seek(place)
        read = b""
        while len(read) < number:
            read += file.read(number - len(read))
        assert read == DATA[place : place + number]
    assert told == asked


@pytest.mark.parametrize("error", [OSError("gone"), ChangedDataError("changed")])
def test_a_failure_is_kept_since_readers_hide_it(error):
    def ask(first, last):
        raise error

    file = RangedFile(b"", 100, ask)
    with pytest.raises(type(error)):
        file.read(1)
    assert file.failure is error

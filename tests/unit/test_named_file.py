"""Files that users name: what is no file, or too large, is one sentence at once, and never waited for."""

import os
import socket
from pathlib import Path

import pytest

from validator.json_text import parse_json
from validator.named_file import open_named, read_named


def place(folder, kind):
    path = folder / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        os.chdir(folder)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "large":
        path.write_bytes(b"x" * 1025)
    return path if kind != "null" else folder / "a\0b"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", "it is a named pipe, not a file"),
        ("folder", "it is a folder, not a file"),
        ("socket", "it is a socket, not a file"),
        ("link to a device", "it is a device, not a file"),
        ("loop", "Too many levels of symbolic links"),
        ("gone", "No such file or directory"),
        ("null", "its name holds a null character"),
        ("large", "it has more than 1 KiB"),
    ],
)
def test_what_is_no_file_is_said(kind, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError) as caught:
        read_named(place(tmp_path, kind), 1024)
    assert caught.value.strerror == words


def test_a_file_replaced_by_a_pipe_after_the_first_look(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("x")
    seen = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr("validator.named_file.os.stat", lambda _: seen)
    with pytest.raises(OSError, match="named pipe"):
        open_named(path)


def test_what_the_shell_has_opened_is_read(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"a: 1\n")
    os.close(writing)
    for _ in range(2):
        assert read_named(Path(f"/dev/fd/{reading}"), 10) == b"a: 1\n"
    os.close(reading)


BYTE_ORDER_MARK = "it is not valid JSON: Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "it is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[" * 100_000, "it is not valid JSON: it is nested too deep"),
        (b"1" * 5000, "it holds a number of more than 4,300 digits"),
        (b'"\\ud800"', "it holds half of a surrogate pair: no file or column can have such a name"),
        ("{}".encode("utf-16"), "it is UTF-16 text, and should be UTF-8"),
        (b'{"a": "\x80"}', "it is not UTF-8 text (byte 7)"),
        (b"\xef\xbb\xbf1", BYTE_ORDER_MARK),
    ],
)  # fmt: skip
def test_json_is_refused_in_one_sentence(data, words):
    with pytest.raises(ValueError) as caught:
        parse_json(data)
    assert str(caught.value) == words


def test_python_json_is_kept():
    assert parse_json(b'{"a": 1e999, "b": -Infinity}') == {"a": float("inf"), "b": -float("inf")}

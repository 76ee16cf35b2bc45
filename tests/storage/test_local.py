"""Files that threads read ahead: whole or their beginning, and none that is too large to wait in memory."""

import asyncio

import pytest

from validator.storage import local
from validator.storage.fetched import NOTHING, Want, at_once
from validator.storage.local import LocalFiles


@pytest.mark.parametrize(
    ("want", "data"),
    [(Want(), b"0123456789"), (Want(0, 4), b"0123"), (Want(2, 5), b"234"), (NOTHING, None), (Want(most=9), None)],
)
def test_the_wanted_bytes(tmp_path, want, data):
    (tmp_path / "a").write_bytes(b"0123456789")
    found = asyncio.run(LocalFiles(1).fetch(str(tmp_path / "a"), want, at_once))
    assert (found.identity, found.data) == (local.look(str(tmp_path / "a")), data)


def test_a_large_file_is_left_to_who_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "AT_ONCE", 4)
    monkeypatch.setattr(local, "_MOST", 8)
    for size, read in ((8, True), (9, False)):
        (tmp_path / "a").write_bytes(bytes(size))
        found = asyncio.run(LocalFiles(1).fetch(str(tmp_path / "a"), Want(), at_once))
        assert (found.data is not None) is read and found.identity.size == size


@pytest.mark.parametrize("name", ["nothing", "a\0b"])
def test_what_is_not_there(tmp_path, name):
    assert asyncio.run(LocalFiles(1).fetch(str(tmp_path / name), Want(), at_once)).identity.kind == "absent"

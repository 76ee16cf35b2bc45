"""The content of packed files in a run folder: of the bytes that were meant, and never through a link."""

import gzip
import os
from pathlib import Path

import pytest

from validator.catalog.marks import digest_file
from validator.engine.cache import Cache
from validator.engine.unpacked import UnpackedFiles
from validator.errors import ChangedDataError, NotOursError


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))
    return path


def test_content_is_kept_only_for_the_bytes_it_came_from(tmp_path, packed):
    files = UnpackedFiles(tmp_path / "unpacked", "program")
    with pytest.raises(ChangedDataError):
        files.of(packed, "gzip", "the digest of other bytes")
    assert not list(files.folder.glob("*.json"))
    (place,) = files.of(packed, "gzip", digest_file(packed)).places
    assert Path(place).read_bytes() == b'{"a": 1}\n'


def test_nothing_is_read_touched_or_removed_through_a_link(tmp_path, packed):
    elsewhere = UnpackedFiles(tmp_path / "elsewhere", "program")
    elsewhere.of(packed, "gzip", digest_file(packed))
    for path in elsewhere.folder.iterdir():
        os.utime(path, (0, 0))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "unpacked").symlink_to(elsewhere.folder)
    cache = Cache(tmp_path / "cache", "program")
    with pytest.raises(NotOursError):
        cache.unpacked.of(packed, "gzip", digest_file(packed))
    cache.prune()
    assert {path.stat().st_mtime for path in elsewhere.folder.iterdir()} == {0}
    assert len(list(elsewhere.folder.iterdir())) == 2

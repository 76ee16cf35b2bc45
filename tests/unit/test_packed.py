"""Packed data files: the loader's rows, errors and order, limits, and what stays in the run folder."""

import gzip
import json
import lzma
from pathlib import Path

import pytest

from tests.tiers import first
from tests.unit.packed_cases import CASES, GOLDEN, NOT_READ, by_arrow, rows, tarred, zipped
from validator.catalog import unpack
from validator.catalog.formats import file_rows, file_type
from validator.catalog.loader import DATASETS_4_0, DATASETS_4_8, DATASETS_5_2
from validator.catalog.registry import load_registry
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.settings import Settings

TRAINERS = {"4.0.0": "llamafactory", "4.8.4": "ms-swift", "5.2.0": "hf"}
LOADERS = {"4.0.0": DATASETS_4_0, "4.8.4": DATASETS_4_8, "5.2.0": DATASETS_5_2}
UNREAD = {
    "7z": "is packed with 7z, which the loader unpacks where the package py7zr is installed",
    "rar": "is packed with rar, which the loader unpacks where the package rarfile is installed",
}
TWICE = {"gzip in gzip.csv", "gzip in zip.csv"}
"""pandas unpacks again; left unchecked."""


def opened(folder: Path, name: str, data: bytes, trainer: str = "llamafactory"):
    (folder / name).write_bytes(data)
    (folder / "dataset_info.json").write_text(json.dumps({"it": {"file_name": name}}))
    settings = Settings(dataset_info=folder / "dataset_info.json", trainer=trainer)
    (entry,) = open_entries(load_registry(folder / "dataset_info.json"), settings, cache=Cache(folder / "cache", "x"))
    return entry


def verdict(folder: Path, name: str, data: bytes, trainer: str = "llamafactory"):
    """Values of the first column, the reason why the loader refuses, or (why it is unchecked,)."""
    entry = opened(folder, name, data, trainer)
    if entry.unchecked:
        return (entry.unchecked,)
    found = []
    for file in sorted(entry.files, key=lambda file: entry.order.starts[file.name]):
        if file.survey.refusals:
            return file.survey.refusals[0].reason
        read = file_rows(Path(file.within(str(folder))), file.survey)
        found += [next(iter(row.value.values()), None) for row in read if isinstance(row.value, dict)]
    return found or "it has no rows"


@pytest.mark.parametrize("release", first(1, TRAINERS))
def test_as_the_loader(tmp_path, release, monkeypatch):
    """The same rows in the same order, and the same error where it is one of unpacking."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    differing = []
    for number, (name, data) in enumerate(CASES.items()):
        case, kind = name.rsplit(".", 1)
        folder = tmp_path / str(number)
        folder.mkdir()
        theirs, ours = GOLDEN[release][name], verdict(folder, f"data.{kind}", data, TRAINERS[release])
        is_unpacked = file_type(f"data.{kind}") in LOADERS[release].unpacks
        if case in UNREAD and is_unpacked:
            same = UNREAD[case] in ours[0] and "ImportError: Please pip install" in theirs
        elif case in ("zstd", "lz4") and is_unpacked:
            same = ours == ["x", "y", "z"] and "ImportError: Please pip install" in theirs
        elif name in TWICE:
            same = "is packed twice" in ours[0] and theirs == ["x", "y", "z"]
        elif isinstance(theirs, list):
            same = ours == theirs
        else:
            unpacking = theirs.partition(": ")[0] in ("EOFError", "BadGzipFile", "BadZipFile", "ReadError", "OSError")
            same = isinstance(ours, str) and (not unpacking or ours == theirs or not is_unpacked)
        if not same:
            differing.append((name, ours, theirs))
    assert differing == []


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_left_unchecked(tmp_path, name):
    (said,) = verdict(tmp_path, "data.jsonl", NOT_READ[name])
    assert said.startswith("`data.jsonl` ") and said.endswith(("unpack it", "write it again"))


def test_packed_by_arrow(tmp_path):
    """zstd and lz4 are read as the packages that the loader asks for read them: recorded with zstandard 0.25.0 and
    lz4 4.4.5.
    """
    for packing, garbage, cut in (
        ("zstd", "ZstdError: zstd decompressor error: Unknown frame descriptor", "`data.jsonl` is cut off"),
        (
            "lz4",
            "RuntimeError: LZ4F_decompress failed with code: ERROR_frameType_unknown",
            "EOFError: Compressed file ended before the end-of-stream marker was reached",
        ),
    ):
        data = by_arrow(rows("x", "y"), packing)
        assert verdict(tmp_path, "data.jsonl", data * 2) == ["x", "y", "x", "y"]
        assert verdict(tmp_path, "data.jsonl", data + b"garbage!") == garbage
        said = verdict(tmp_path, "data.jsonl", data[:-5])
        assert (said if isinstance(said, str) else said[0]).startswith(cut)


def test_bombs(tmp_path, monkeypatch):
    """Limits on the bytes, on the ratio, on members, and on the memory of a decoder; nothing is left behind."""
    monkeypatch.setattr(unpack, "FREE_BYTES", 10_000)
    monkeypatch.setattr(unpack, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 3)
    line = rows("x" * 100)
    assert len(verdict(tmp_path, "data.jsonl", gzip.compress(line * 90))) == 90
    for pack in (
        gzip.compress,
        lzma.compress,
        lambda data: zipped(("a", data)),
        lambda data: tarred(("a", data), around="gz"),
    ):
        (said,) = verdict(tmp_path, "data.jsonl", pack(line * 9000))
        assert "unpacks to more than 10,000 bytes and 250 times its size, as a decompression bomb does" in said
        assert [path for path in (tmp_path / "cache" / "unpacked").iterdir() if path.suffix == ".jsonl"] == []
    monkeypatch.setattr(unpack, "MOST_RATIO", 1 << 30)
    (said,) = verdict(tmp_path, "data.jsonl", gzip.compress(line * 20_000))
    assert "unpacks to more than 1,000,000 bytes" in said
    (said,) = verdict(tmp_path, "data.jsonl", zipped(*((f"{number}", line) for number in range(4))))
    assert "holds more than 3 files" in said
    monkeypatch.setattr("validator.catalog.xz.MOST_MEMORY", 1 << 20)
    (said,) = verdict(tmp_path, "data.jsonl", lzma.compress(line))
    assert "needs more than 512 MiB of memory" in said


def test_unpacked_once(tmp_path, monkeypatch):
    """A second opening unpacks nothing, a changed file is unpacked anew in the place of the old one."""
    unpacked = tmp_path / "cache" / "unpacked"
    data = zipped(("a.jsonl", rows("x")), ("b/c.jsonl", rows("y", "z")))
    first = opened(tmp_path, "data.jsonl", data)
    assert [file.name for file in first.files] == ["data.jsonl/a.jsonl", "data.jsonl/b/c.jsonl"]
    with monkeypatch.context() as patch:
        patch.setattr("validator.engine.unpacked.unpack", None)
        again = opened(tmp_path, "data.jsonl", data)
    assert [file.packed for file in again.files] == [file.packed for file in first.files]
    before = {path.name for path in unpacked.iterdir()}
    assert len(before) == 3
    assert verdict(tmp_path, "data.jsonl", gzip.compress(rows("new"))) == ["new"]
    assert len(list(unpacked.iterdir())) == 2 and {path.name for path in unpacked.iterdir()} < before
    next(unpacked.glob("*.jsonl")).write_bytes(b"")  # damaged: as good as none
    assert verdict(tmp_path, "data.jsonl", gzip.compress(rows("new"))) == ["new"]


def test_a_trainer_whose_reading_is_not_known(tmp_path):
    (said,) = verdict(tmp_path, "data.jsonl", gzip.compress(rows("x")), "qwen-vl-utils")
    assert said == "`data.jsonl` is packed (gzip), and how this trainer reads such files is not known; unpack it"

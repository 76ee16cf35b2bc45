"""Packed data files, sound and damaged, as (name of the data file, content)."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import warnings
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def rows(*values: str) -> bytes:
    return b"".join(json.dumps({"a": value}).encode() + b"\n" for value in values)


def zipped(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def tarred(*files: tuple[str, bytes | str], around: str = "") -> bytes:
    """A text in place of a content makes a link to it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{around}") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def by_arrow(content: bytes, packing: str) -> bytes:
    made = pa.BufferOutputStream()
    with pa.CompressedOutputStream(made, packing) as stream:
        stream.write(content)
    return made.getvalue().to_pybytes()


def _tables() -> dict[str, bytes]:
    table, parquet, arrow = pa.table({"a": ["x", "y", "z"]}), io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table)
    return {"parquet": parquet.getvalue(), "arrow": arrow.getvalue()}


CONTENT = {
    "json": b'[{"a": "x"}, {"a": "y"}, {"a": "z"}]',
    "jsonl": rows("x", "y", "z"),
    "csv": b"a\nx\ny\nz\n",
    "txt": b"x\ny\nz\n",
    **_tables(),
}
PACKINGS = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zipped(("in.dat", content)),
    "tar": lambda content: tarred(("in.dat", content)),
    "tar in gzip": lambda content: tarred(("in.dat", content), around="gz"),
    "tar in bz2": lambda content: tarred(("in.dat", content), around="bz2"),
    "tar in xz": lambda content: tarred(("in.dat", content), around="xz"),
    "zstd": lambda content: by_arrow(content, "zstd"),
    "lz4": lambda content: by_arrow(content, "lz4"),
    "7z": lambda content: b"7z\xbc\xaf\x27\x1c" + content,
    "rar": lambda content: b"Rar!\x1a\x07\x00" + content,
}


def _of(content: bytes) -> dict[str, bytes]:
    """What is the same for all types of files."""
    packed, archive = gzip.compress(content, mtime=0), zipped(("in.dat", content))
    return {
        "gzip in gzip": gzip.compress(packed, mtime=0),
        "gzip in zip": zipped(("in.gz", packed)),
        "lzma, not xz": lzma.compress(content, lzma.FORMAT_ALONE),
        "an empty member": gzip.compress(b"", mtime=0),
        "an empty zip": zipped(),
        "an empty member first": zipped(("a.dat", b""), ("b.dat", content)),
        "two members": zipped(("b.dat", content), ("a.dat", content)),
        "a member of another kind": zipped(("a.dat", content), ("readme.md", b"\x89PNG\r\n\x1a\n")),
        "hidden members": zipped(("a.dat", content), (".DS_Store", b"\0"), ("__MACOSX/a.dat", b"\0"), ("d/.x", b"\0")),
        "only hidden members": zipped((".a", content)),
        "folders": zipped(("z.dat", content), ("b/", b""), ("b/1.dat", content), ("a/2.dat", content)),
        "twice the same name": zipped(("in.dat", b"\0"), ("in.dat", content)),
        "two streams": bz2.compress(content) * 2,
        "zeros behind": packed + bytes(100),
        "something behind gzip": packed + b"garbage!",
        "something behind bz2": bz2.compress(content) + b"garbage",
        "something behind xz": lzma.compress(content) + b"garbage!",
        "a program before zip": b"#!/bin/sh\n" + archive,
        "an empty zip behind": content + zipped(),
        "cut gzip": packed[:-12],
        "gzip without its length": packed[:-4],
        "gzip of two bytes": packed[:2],
        "gzip with another sum": packed[:-8] + bytes(4) + packed[-4:],
        "cut bz2": bz2.compress(content)[:-5],
        "cut xz": lzma.compress(content)[:-5],
        "cut zip": archive[:-10],
        "cut tar": tarred(("in.dat", content))[:515],
        "cut tar in gzip": tarred(("in.dat", content * 1000), around="gz")[:-30],
        "text that begins as bz2": b"BZhello\n" + content,
        "nothing but zeros": bytes(1024),
    }


CASES = {
    **{f"{name}.{kind}": pack(content) for kind, content in CONTENT.items() for name, pack in PACKINGS.items()},
    **{f"{name}.{kind}": data for kind, content in CONTENT.items() for name, data in _of(content).items()},
    "two streams of lines.jsonl": gzip.compress(rows("x"), mtime=0) + gzip.compress(rows("y"), mtime=0),
    "other columns.jsonl": zipped(("a", rows("x")), ("b", b'{"b": 1}\n')),
    "another content.jsonl": gzip.compress(b"hello", mtime=0),
}
NOT_READ = {
    "a link.jsonl": tarred(("in.dat", rows("x")), ("link.dat", "in.dat")),
    "a link that leads out.jsonl": tarred(("in.dat", rows("x")), ("link.dat", "/etc/hostname")),
    "tar that leads out.jsonl": tarred(("in.dat", rows("x")), ("../out.dat", rows("y"))),
    "zip that leads out.jsonl": zipped(("in.dat", rows("x")), ("../out.dat", rows("y"))),
    "absolute.jsonl": zipped(("/in.dat", rows("x"))),
    "a file and a folder.jsonl": zipped(("a", rows("x")), ("a/b", rows("y"))),
    "cut zstd.jsonl": by_arrow(rows("x"), "zstd")[:-3],
}
"""What the loader reads in part, or each release otherwise."""

GOLDEN_FILE = Path(__file__).with_name("golden_packed.json")
GOLDEN = json.loads(GOLDEN_FILE.read_text())
"""Release of `datasets` -> case -> the values of the first column, or the error. `tests/oracle/test_packed.py` asks."""

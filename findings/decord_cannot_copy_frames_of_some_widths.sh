#!/usr/bin/env bash
# decord 0.6.0: frames that are 16, 24, 48 or 72 pixels wide are decoded and cannot be had: get_batch stops with "The size
# must exactly match", since the lines of such frames are padded. Frames of other widths can: 32, 40, 56, 64, 80 and more.
# Seen: "16 stops, 24 stops, 32 reads, 40 reads, 48 stops, 56 reads, 64 reads, 72 stops, 80 reads".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check decord==0.6.0 av numpy
cat >"$home/run.py" <<'PY'
import subprocess
import sys

WRITE = """
import sys, av, numpy
with av.open(sys.argv[1], "w") as container:
    stream = container.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = int(sys.argv[2]), 64, "yuv420p"
    for _ in range(4):
        picture = numpy.zeros((64, stream.width, 3), numpy.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    container.mux(stream.encode())
"""
READ = "import sys, decord; decord.VideoReader(sys.argv[1]).get_batch([0, 1])"


def reads(width):
    film = f"{sys.argv[1]}/{width}.mp4"
    subprocess.run([sys.executable, "-c", WRITE, film, str(width)], check=True)
    return not subprocess.run([sys.executable, "-c", READ, film], capture_output=True).returncode


seen = ", ".join(f"{width} {'reads' if reads(width) else 'stops'}" for width in range(16, 81, 8))
print(seen)
assert seen == "16 stops, 24 stops, 32 reads, 40 reads, 48 stops, 56 reads, 64 reads, 72 stops, 80 reads"
PY
"$home/venv/bin/python" "$home/run.py" "$home"

#!/usr/bin/env bash
# datasets 4.0.0 (pillow 11.3.0): Dataset.map hands on the images of an Image column as Pillow decodes them, and saves
# each one that is returned anew, in the format that it came in and with Pillow's default quality. A JPEG of quality 95
# has the quantization of quality 75 after one map, a lossless WebP is lossy after it, a PNG keeps its bytes. LLaMA-Factory
# 0.9.5 returns images from two maps (its converter and its preprocessing), so the model sees the third compression.
# Seen: "JPEG quality 95 -> 75, after two maps other pixels; lossless WebP: other pixels; PNG: the same bytes".
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
python3 -m venv "$home/venv"
"$home/venv/bin/pip" install -q --disable-pip-version-check datasets==4.0.0 pillow==11.3.0
cat >"$home/run.py" <<'PY'
import io

from datasets import Dataset, Image, disable_progress_bars
from PIL import Image as Pillow

disable_progress_bars()
picture = Pillow.effect_noise((96, 64), 80).convert("RGB")


def saved(form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def opened(data):
    return Pillow.open(io.BytesIO(data))


files = [saved("JPEG", quality=95), saved("WEBP", lossless=True), saved("PNG")]
data = Dataset.from_dict({"image": [{"bytes": file, "path": None} for file in files]}).cast_column("image", Image())
for column in ("once", "twice"):
    source = data.column_names[-1]
    data = data.map(lambda row: {column: row[source]})
jpeg, webp, png = (row["bytes"] for row in data.with_format("arrow")["twice"].to_pylist())

tables = {quality: opened(saved("JPEG", quality=quality)).quantization for quality in (75, 95)}
was = next(quality for quality, table in tables.items() if table == opened(files[0]).quantization)
now = next(quality for quality, table in tables.items() if table == opened(jpeg).quantization)
pixels = ["the same" if opened(new).tobytes() == opened(old).tobytes() else "other" for new, old in zip((jpeg, webp), files)]
seen = (
    f"JPEG quality {was} -> {now}, after two maps {pixels[0]} pixels; lossless WebP: {pixels[1]} pixels; "
    f"PNG: {'the same' if png == files[2] else 'other'} bytes"
)
print(seen)
assert seen == "JPEG quality 95 -> 75, after two maps other pixels; lossless WebP: other pixels; PNG: the same bytes"
PY
"$home/venv/bin/python" "$home/run.py"

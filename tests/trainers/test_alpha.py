"""Pictures with transparency: where the trainers' own libraries lose what they show, and where IM004 says so."""

import json

import pytest
from PIL import Image, ImageDraw

from tests.conftest import TAGS, check, say
from tests.environments import needs_trainer
from tests.trainers.compare import ask

MODES = ("RGBA", "LA", "P")
WAYS = {
    "hf": ("hf", "qwen-vl-utils"),
    "ms-swift": ("ms-swift", "ms-swift, objects", "ms-swift, bytes"),
}
BOX = {"ref": [], "bbox": [[0, 0, 5, 5]]}


def glyphs(folder):
    """A dark and a light letter on a transparent ground, of either shade, in each mode."""
    paths = []
    for ink in ("black", "white"):
        for ground in ("black", "white"):
            image = Image.new("RGBA", (112, 84), (*((0,) * 3 if ground == "black" else (255,) * 3), 0))
            ImageDraw.Draw(image).rectangle((30, 20, 60, 70), fill=ink)
            for mode in MODES:
                paths.append(folder / f"{ink}_on_{ground}_{mode}.png")
                if mode == "P":
                    palette = Image.new("P", image.size)
                    palette.putpalette(
                        [*((0,) * 3 if ground == "black" else (255,) * 3), *ImageDraw.ImageColor.getrgb(ink)]
                    )
                    ImageDraw.Draw(palette).rectangle((30, 20, 60, 70), fill=1)
                    palette.save(paths[-1], transparency=0)
                else:
                    image.convert(mode).save(paths[-1])
    return paths


def found(folder, way, paths):
    """For each picture, whether IM004 is found in its row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    trainer, _, how = way.partition(", ")
    entry = {
        "file_name": "rows.parquet",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": TAGS,
    }
    rows = [say("<image>What?", "<bbox>", images=[path.name]) for path in paths]
    if how == "objects":
        rows = [{**row, "objects": BOX} for row in rows]
    if how == "bytes":
        rows = [
            {**row, "images": [{"bytes": path.read_bytes(), "path": None}]}
            for row, path in zip(rows, paths, strict=True)
        ]
    (folder / "dataset_info.json").write_text(json.dumps({"d": entry}))
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    _, findings = check(folder / "dataset_info.json", folder / f"run {way}", trainer=trainer)
    lost = {finding["row"] for finding in findings if finding["code"] == "IM004"}
    return [number in lost for number in range(len(rows))]


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_trainer(name)) for name in WAYS])
def test_what_is_lost(tmp_path, name):
    paths = glyphs(tmp_path)
    given = {"name": name, "pictures": list(map(str, paths)), "corpus": {"entries": []}, "folder": str(tmp_path)}
    answers = ask(name, "judge_alpha", given, tmp_path)
    for way in WAYS[name]:
        assert found(tmp_path, way, paths) == answers[way], way
        assert any(answers[way]) and not all(answers[way])

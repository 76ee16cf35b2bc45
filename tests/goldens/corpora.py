"""The rows that the goldens are about: the committed samples, and random ones from fixed seeds."""

from pathlib import Path

from PIL import Image

from tests.conftest import TAGS, say
from tests.environments import ROOT
from tests.oracle.corpus import make_corpus, make_other_formats, write_corpus
from tests.oracle.videos import film
from tests.trainers.swift_corpus import make_swift_corpus

SEED = 20
VIDEOS = ((1, 25), (7, 25), (30, 25), (130, 30))


CORPORA = ("sample_data", "swift", "random", "other_formats", "videos")


def make(folder: Path, rows: int) -> dict[str, Path]:
    """The folders of all corpora by name, each with its dataset_info.json. `rows`: of each random one, about."""
    made = {name: ROOT / name if name == "sample_data" else folder / name for name in CORPORA}
    others = rows // 4
    for name, corpus in (
        ("swift", make_swift_corpus(SEED, rows)),
        ("random", make_corpus(SEED, rows - others)),
        ("other_formats", make_other_formats(SEED, others)),
        ("videos", _videos(made["videos"])),
    ):
        made[name].mkdir(exist_ok=True)
        write_corpus(corpus, made[name])
    return made


def _videos(folder: Path) -> dict:
    folder.mkdir(parents=True)
    names = [f"{frames}.{suffix}" for suffix in ("mp4", "avi") for frames, _ in VIDEOS]
    for name, (frames, rate) in zip(names, VIDEOS * 2, strict=True):
        film(folder / name, frames, rate)
    for number in range(5):
        Image.new("RGB", (100, 80)).save(folder / f"{number}.png")
    rows = [say("<video>What?", "That.", videos=[name]) for name in [*names, "gone.mp4"]]
    rows += [say("<video>a<video>", "b", "c<video>", "d", videos=[*names[:2], name]) for name in names]
    lists = [say("<video>What?", "That.", videos=[[f"{n}.png" for n in range(many)]]) for many in (1, 2, 3, 5)]
    entry = {"suffix": "json", "columns": {"messages": "messages", "videos": "videos"}, "tags": TAGS}
    return {"images": {}, "entries": [{**entry, "name": "v", "rows": rows}, {**entry, "name": "f", "rows": lists}]}

"""Batches under each trainer profile beside those of the real packages, tensor by tensor."""

import pytest
from PIL import Image

from tests.conftest import ALL_TAGS, Dataset, say
from tests.environments import needs_replay, needs_trainer
from tests.oracle.videos import film
from tests.trainers.compare import ask

pytestmark = needs_replay
JUDGES = {
    "hf": ("hf", "judge_hf"),
    "qwen-vl-utils": ("hf", "judge_qwen"),
    "llamafactory@0.9.2": ("llamafactory-0.9.2", "judge_llamafactory"),
    "llamafactory@0.9.1": ("llamafactory-0.9.1", "judge_llamafactory"),
}
LIMITS = {"image_max_pixels": 100_000, "image_min_pixels": 1024, "cutoff_len": 512}
BATCHES = {
    "text alone": [0],
    "texts of two lengths": [0, 1],
    "a text with the token of padding": [2],
    "a picture": [3],
    "a transparent picture": [4],
    "a picture that is turned": [5],
    "a narrow picture": [6],
    "two pictures, the first in palette colours": [7],
    "text beside pictures": [0, 3, 5],
    "several turns": [8],
    "cut at the end": [9],
}
FILM = {"a film": [10]}


def columns(images=(), videos=()):
    return {"images": list(images), "videos": list(videos)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    dataset = Dataset(tmp_path_factory.mktemp("trainers"))
    noise = {name: Image.effect_noise(size, 60) for name, size in {"a": (637, 411), "d": (20, 300)}.items()}
    picture = Image.merge("RGB", (noise["a"], noise["a"].rotate(180), noise["a"]))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(dataset.folder / "a.png")
    picture.save(dataset.folder / "e.jpg", exif=exif)
    picture.convert("P").save(dataset.folder / "p.png")
    noise["d"].save(dataset.folder / "d.png")
    picture.putalpha(noise["a"].rotate(90).resize(picture.size))
    picture.save(dataset.folder / "t.png")
    film(dataset.folder / "f.mp4", 60, 25)
    rows = [
        say("a", "b", **columns()),
        say("How are you? " * 9, "Well enough. " * 5, **columns()),
        say("One <|endoftext|> two", "three", **columns()),
        say("<image>What?", "A thing.", **columns(["a.png"])),
        say("Look: <image> and?", "A thing." * 7, **columns(["t.png"])),
        say("<image>", "Turned.", **columns(["e.jpg"])),
        say("<image>", "Narrow.", **columns(["d.png"])),
        say("<image><image>Both?", "Two.", **columns(["p.png", "a.png"])),
        say("<image>a", "b", "c", "d", **columns(["e.jpg"])),
        say("a", "word " * 700, **columns()),
        say("<video>What?", "A film.", **columns(videos=["f.mp4"])),
    ]
    dataset.write(rows)
    return dataset


def batches_of(trainer):
    return BATCHES | (FILM if trainer.startswith("llamafactory") else {})


@pytest.fixture(scope="module")
def both(data):
    """trainer -> (our batch of some rows, the trainer's batches by name), each made once."""
    from scripts.replay_jobs import jobs_of_registry
    from validator.replaying.collate import Collator
    from validator.replaying.model import scale_model
    from validator.replaying.pictures import Pictures
    from validator.trainers.registry import trainer_named

    made = {}

    def of(trainer):
        if trainer in made:
            return made[trainer]
        jobs, limits = jobs_of_registry(data.registry, "embedded", trainer=trainer, **LIMITS)
        profile = trainer_named(trainer)
        collate = Collator(scale_model(), Pictures(None, limits, profile), 151643)
        by_row = {job.key[2]: job for job in jobs}

        def ours(rows):
            chosen = [by_row[row] for row in rows]
            return collate(chosen, collate.pixels(chosen))

        columns = {"messages": "messages", "images": "images", "system": None}
        entry = {"name": "data", "suffix": "jsonl", "columns": columns, "tags": ALL_TAGS, "settings": {**LIMITS}}
        into = data.folder / trainer
        into.mkdir()
        given = {"corpus": {"entries": [entry]}, "folder": str(data.folder), "into": str(into)}
        environment, judge = JUDGES[trainer]
        answers = ask(environment, judge, given | {"batches": list(batches_of(trainer).values())}, data.folder)
        made[trainer] = ours, dict(zip(batches_of(trainer), answers["data"], strict=True))
        return made[trainer]

    return of


def under(trainer, name):
    return pytest.param(trainer, name, marks=needs_trainer(JUDGES[trainer][0]), id=f"{trainer}: {name}")


@pytest.mark.parametrize(
    ("trainer", "name"),
    [under(trainer, name) for trainer in JUDGES for name in batches_of(trainer)],
)
def test_equal_to_the_trainers_batch(trainer, name, both):
    """Positions are the model's own affair under these trainers; all other tensors are equal."""
    import torch

    ours, theirs = both(trainer)
    assert isinstance(theirs[name], str), theirs[name]
    mine, theirs = ours(batches_of(trainer)[name]), torch.load(theirs[name])
    left_out = {"position_ids", "rope_deltas", "mm_token_type_ids"}
    assert set(mine) - left_out == set(theirs) - left_out
    for key in theirs.keys() - left_out:
        if key.startswith("pixel_values"):
            assert mine[key].shape == theirs[key].shape
            apart = (mine[key] - theirs[key]).abs()
            # Pillow and torchvision round differently where the processor resizes (see test_collation.py)
            assert apart.mean() < 0.01 and apart.max() < 0.5
        else:
            assert torch.equal(mine[key], theirs[key].to(mine[key].dtype)), key


@pytest.mark.parametrize("name", ["text alone", "two pictures, the first in palette colours", "several turns"])
@pytest.mark.parametrize("trainer", [pytest.param("hf", marks=needs_trainer("hf"))])
def test_our_positions_give_the_models_own_loss(trainer, name, both):
    """TRL leaves positions to the model: its loss on TRL's batch is that of our step on ours."""
    import torch

    from validator.replaying.model import scale_model
    from validator.replaying.step import Stepper
    from validator.replaying.watch import Watch

    ours, theirs = both(trainer)
    model = scale_model()
    mine = ours(BATCHES[name])
    batch = torch.load(theirs[name]) | {key: mine[key] for key in mine if key.startswith("pixel_values")}
    with torch.no_grad():
        expected = model(**batch).loss
    step, _ = Stepper(model, Watch(model), "cpu", "sdpa")(mine, "bf16")
    assert step.loss == pytest.approx(float(expected), rel=1e-5)

"""Our batches beside those of LLaMA-Factory's own collator, tensor by tensor."""

from importlib.util import find_spec

import pytest
from PIL import Image

from tests.conftest import Dataset, say
from tests.environments import needs_oracle, needs_replay
from tests.oracle.compare import ask

pytestmark = [needs_replay, needs_oracle]
ON_TORCHVISION = find_spec("torchvision") is not None
LIMITS = {"image_max_pixels": 200_000, "image_min_pixels": 1024, "cutoff_len": 1024}
PICTURES = {"a.png": (224, 224), "b.png": (637, 411), "c.jpg": (900, 1900), "d.png": (20, 300), "e.png": (300, 200)}
BATCHES = {
    "text alone": [0],
    "texts of two lengths": [0, 1],
    "a text of a length that is no multiple of 8": [1],
    "a picture": [2],
    "a picture that is shrunk": [3],
    "two pictures": [4],
    "text beside pictures": [0, 3, 4],
    "a picture with a narrow side": [5],
    "a palette picture": [6],
    "several turns": [7],
    "literal image pad": [8],
    "a video of four frames": [9],
    "a picture and a video": [9, 2],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    dataset = Dataset(tmp_path_factory.mktemp("collation"))
    for name, size in PICTURES.items():
        noise = Image.effect_noise(size, 60)
        Image.merge("RGB", (noise, noise.rotate(180), noise)).save(dataset.folder / name)
    with Image.open(dataset.folder / "b.png") as image:
        image.convert("P").save(dataset.folder / "p.png")
    frames = []
    for number in range(4):
        frames.append(f"f{number}.png")
        Image.effect_noise((150, 100), 40 + number).convert("RGB").save(dataset.folder / frames[-1])
    nothing = {"images": [], "videos": []}
    rows = [
        say("a", "b", **nothing),
        say("How are you? " * 9, "Well enough. " * 5, **nothing),
        say("<image>What?", "A thing.", images=["a.png"], videos=[]),
        say("Look: <image> and?", "A thing." * 7, images=["c.jpg"], videos=[]),
        say("<image><image>Both?", "Two.", images=["a.png", "b.png"], videos=[]),
        say("<image>", "Narrow.", images=["d.png"], videos=[]),
        say("<image>", "Palette.", images=["p.png"], videos=[]),
        say("<image>a", "b", "c", "d", images=["e.png"], videos=[]),
        say("a<|image_pad|>b", "c", **nothing),
        say("<video>What?", "Noise.", images=[], videos=[frames]),
    ]
    dataset.write(rows)
    return dataset


@pytest.fixture(scope="module")
def theirs(data):
    given = {"folder": str(data.folder), "settings": LIMITS, "batches": list(BATCHES.values())}
    return dict(zip(BATCHES, ask("batches", given), strict=True))


@pytest.fixture(scope="module")
def ours(data):
    from scripts.replay_jobs import jobs_of_registry
    from validator.replaying.collate import Collator
    from validator.replaying.model import scale_model
    from validator.replaying.pictures import Pictures
    from validator.trainers.registry import trainer_named

    jobs, limits = jobs_of_registry(data.registry, "embedded", **LIMITS)
    collate = Collator(scale_model(), Pictures(None, limits, trainer_named("llamafactory")), 151643)

    def batch(members):
        chosen = [jobs[member] for member in members]
        return collate(chosen, collate.pixels(chosen))

    return batch


@pytest.mark.parametrize("name", BATCHES)
def test_equal_to_the_trainers_collator(name, ours, theirs):
    import torch

    theirs = theirs[name]
    if isinstance(theirs, dict):
        with pytest.raises((RuntimeError, StopIteration)):
            ours(BATCHES[name])
        assert name == "literal image pad"
        return
    theirs, mine = torch.load(theirs), ours(BATCHES[name])
    assert set(mine) == set(theirs)
    for key, tensor in theirs.items():
        if key.startswith("pixel_values"):
            assert mine[key].shape == tensor.shape
            apart = (mine[key] - tensor).abs()
            # Pillow clips and rounds between its two passes, torchvision does not: on noise some pixels differ by a
            # few of 255 steps (0.015 each) where the processor resizes, the others not at all
            assert apart.mean() < (1e-5 if ON_TORCHVISION else 0.01) and apart.max() < (1e-4 if ON_TORCHVISION else 0.5)
        else:
            assert torch.equal(mine[key], tensor.to(mine[key].dtype)), key

"""The real processor and tokenizer beside the static pass, and the ways of loading pictures."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
from PIL import Image

from tests.conftest import say
from tests.environments import needs_replay
from validator.media.geometry import ImageLimits
from validator.replaying.job import Task
from validator.trainers.registry import trainer_named

pytestmark = needs_replay
LIMITS = ImageLimits(1048576, 1024)


@pytest.fixture(scope="module")
def spelling():
    from validator.replaying.spelling import Spelling

    return Spelling(None)


@pytest.fixture
def job(dataset):
    from scripts.replay_jobs import jobs_of_registry

    picture = dataset.image("a.png", (112, 56))
    rows = [say("Grüße, <image> 你好\n\n  and?", "\n\nYes <|im_start|> \N{GRINNING FACE} é.", images=[picture])]
    dataset.write(rows)
    return jobs_of_registry(dataset.registry, "embedded")[0][0]


def test_ids_and_counts_agree(spelling, job):
    assert job.tokens == {"image": (8,), "video": ()}
    assert spelling.compare(job, {"image": (8,), "video": ()}) is None


def test_another_grid_is_a_disagreement(spelling, job):
    expected = "the static pass counted [8] image tokens, the processor [6]"
    assert spelling.compare(job, {"image": (6,), "video": ()}) == expected


def test_another_id_is_a_disagreement(spelling, job):
    turn = job.turns[1]
    wrong = replace(turn, ids=[*turn.ids[:-1], 7])
    found = spelling.compare(replace(job, turns=(job.turns[0], wrong)), {"image": (8,), "video": ()})
    assert found == (
        f"piece 1 of the prompt has {len(turn.ids)} ids in the static pass and {len(turn.ids)} by the tokenizer; "
        f"they part at {len(turn.ids) - 1}"
    )


def test_the_tokenizer_of_a_folder(tiny, tmp_path):
    """The same comparison with a checkpoint's own files."""
    from scripts import synthetic_rows
    from scripts.replay_jobs import jobs_of
    from validator.replaying.spelling import Spelling

    jobs, _ = jobs_of(tmp_path, synthetic_rows.rows(3, 40, tmp_path), str(tiny))
    spelling = Spelling(str(tiny))
    assert len(jobs) == 40 and {spelling.compare(job, job.tokens) for job in jobs} == {None}


def test_which_image_processor_runs_is_said():
    from validator.replaying.pictures import Pictures

    expected = "Qwen2VLImageProcessor on torchvision" if find_spec("torchvision") else "Qwen2VLImageProcessorPil on PIL"
    assert Pictures(None, LIMITS, trainer_named("llamafactory")).kind == expected


def test_a_stored_picture_is_turned_as_the_loader_turns_it(tmp_path):
    from validator.replaying.job import Medium
    from validator.replaying.pictures import Pictures

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (112, 56)).save(tmp_path / "a.jpg", exif=exif)
    data = (tmp_path / "a.jpg").read_bytes()
    pictures = Pictures(None, LIMITS, trainer_named("llamafactory"))
    grids = [pictures([Medium(data=data, turned=turned)], [])["image_grid_thw"][0].tolist() for turned in (False, True)]
    assert grids == [[1, 4, 8], [1, 8, 4]]


def test_other_trainers_add_no_fake_picture(tiny, tmp_path):
    """A spoiled embedding of <|vision_start|> then breaks pictures only: the pattern of LLaMA-Factory issue 7362."""
    from scripts import synthetic_rows
    from scripts.replay_jobs import jobs_of
    from validator.replaying.settings import ReplaySettings
    from validator.replaying.supervisor import Setup
    from validator.replaying.worker import Worker
    from validator.tokens.processor import load_processor

    jobs, limits = jobs_of(tmp_path, synthetic_rows.rows(3, 8, tmp_path), str(tiny))
    worker = Worker(
        Setup(ReplaySettings(model=str(tiny), device="cpu"), limits, str(tiny), trainer=trainer_named("hf"))
    )
    spoiled = load_processor(str(tiny)).token_id("<|vision_start|>")
    worker.model.get_input_embeddings().weight.data[spoiled] = float("nan")
    finite = {bool(job.images): worker.measure(Task(job, ("bf16",))).steps[0].finite for job in jobs}
    assert finite == {False: True, True: False}

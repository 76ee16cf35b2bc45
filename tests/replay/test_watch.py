"""`mmvalidate watch` on a real run of transformers' Trainer, in which one row gives NaN."""

import json
import math
import random
from itertools import chain

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.conftest import check
from tests.environments import needs_replay
from validator.auditing.case import training_case
from validator.auditing.data import data_facts, places_of
from validator.auditing.steps import gpus_of, rows_of
from validator.engine.run_files.finished import FinishedRun
from validator.training.config import load_config
from validator.training.order import batches, permutation
from validator.training.versions import Versions

pytestmark = needs_replay
ROWS, PLANTED, BATCH, ACCUMULATION, LOGGED, SEED = 41, 17, 2, 3, 4, 11
CONFIG = f"""
model_name_or_path: tiny
do_train: true
finetuning_type: full
template: qwen2_vl
dataset: data
dataset_dir: FOLDER
per_device_train_batch_size: {BATCH}
gradient_accumulation_steps: {ACCUMULATION}
num_train_epochs: 3
logging_steps: {LOGGED}
seed: {SEED}
"""


@pytest.mark.parametrize("number", [1, 2, 3, 1000, 54321])
@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1, 12345678901])
def test_the_permutation_is_torchs(number, seed):
    import torch

    generator = torch.Generator()
    generator.manual_seed(seed)
    assert (torch.randperm(number, generator=generator).numpy() == permutation(number, seed)).all()


@pytest.mark.parametrize("gpus", [2, 3, 8])
@pytest.mark.parametrize("rows", [5, 16, 41])
def test_batches_go_round_the_ranks_as_accelerate_deals_them(gpus, rows):
    from accelerate.data_loader import BatchSamplerShard
    from torch.utils.data import BatchSampler

    order = permutation(rows, SEED).tolist()
    ours = batches(rows, epoch=0, seed=SEED, size=BATCH, gpus=gpus)
    for rank in range(gpus):
        dealt = list(BatchSamplerShard(BatchSampler(order, BATCH, drop_last=False), gpus, rank))
        assert [[row for row in batch if row >= 0] for batch in ours[:, rank].tolist()] == dealt


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    """A finished run of the Trainer over checked rows: its folder, and the rows that it fed, by optimizer step."""
    import torch
    from transformers import Qwen2VLForConditionalGeneration, Trainer, TrainingArguments

    from scripts import synthetic_rows
    from scripts.replay_jobs import jobs_of_registry, write_dataset
    from validator.replaying.collate import Collator
    from validator.replaying.pictures import Pictures
    from validator.tokens.processor import load_processor
    from validator.trainers.registry import trainer_named

    folder = tmp_path_factory.mktemp("watch")
    rng = random.Random(3)
    rows = [synthetic_rows.text_row(rng) for _ in range(ROWS)]
    rows[PLANTED] = synthetic_rows.image_row(rng, folder, "planted.png")
    rows = [{"images": [], **row} for row in rows]
    rows.insert(5, {"messages": [{"role": "user", "content": "dropped: no answer"}], "images": []})
    registry = write_dataset(folder, rows)
    check(registry, folder / "run", processor=str(tiny))
    (folder / "train.yaml").write_text(CONFIG.replace("FOLDER", str(folder)))
    jobs, limits = jobs_of_registry(registry, str(tiny))
    assert len(jobs) == ROWS
    model = Qwen2VLForConditionalGeneration.from_pretrained(tiny, dtype=torch.float32)
    pictures = Pictures(str(tiny), limits, trainer_named("llamafactory"))
    collate = Collator(model, pictures, load_processor(str(tiny)).token_id("<|endoftext|>"))
    fed = []

    def batch(items):
        fed.append([item.key[2] for item in items])
        pixels = collate.pixels(items)
        if "pixel_values" in pixels:
            pixels["pixel_values"] = pixels["pixel_values"] * math.nan
        made = collate(items, pixels)
        made.pop("rope_deltas")
        return made

    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return len(jobs)

        def __getitem__(self, index):
            return jobs[index]

    arguments = TrainingArguments(
        str(folder / "output"),
        per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=ACCUMULATION,
        num_train_epochs=3,
        logging_steps=LOGGED,
        seed=SEED,
        save_strategy="epoch",
        save_only_model=True,
        report_to="none",
        use_cpu=True,
        remove_unused_columns=False,
        disable_tqdm=True,
    )
    Trainer(model, arguments, data_collator=batch, train_dataset=Rows()).train()
    each = -(-ROWS // BATCH)
    steps = []
    for epoch in range(3):
        part = fed[epoch * each : (epoch + 1) * each]
        steps += [list(chain(*part[begin : begin + ACCUMULATION])) for begin in range(0, each, ACCUMULATION)]
    return folder, steps


def test_every_steps_rows_are_those_that_the_trainer_fed(trained):
    folder, steps = trained
    config = load_config(folder / "train.yaml")
    data = data_facts(FinishedRun(folder / "run"), config)
    case = training_case(config, Versions({}), None, data)
    state = json.loads(next(folder.glob("output/checkpoint-*/trainer_state.json")).read_text())
    assert state["max_steps"] == len(steps)
    assert gpus_of(case, data, state["max_steps"]) == 1
    for step, rows in enumerate(steps, 1):
        found = places_of(FinishedRun(folder / "run"), rows_of(case, data, 1, [step]))
        assert [row for _, _, row in found] == rows


def test_watch_finds_the_hidden_nan_and_the_row(trained, mmvalidate):
    folder, steps = trained
    first = next(step for step, rows in enumerate(steps, 1) if PLANTED + 1 in rows)
    logged = -(-first // LOGGED) * LOGGED
    options = ("--train-config", folder / "train.yaml", "--run", folder / "run", "--write-rows", folder / "rows.jsonl")
    done = mmvalidate("watch", folder / "output", *options)
    assert done.returncode == 1, done.stderr
    assert "nan" in done.stdout.splitlines()[1]
    assert f"steps {logged - LOGGED + 1} to {logged} fed" in done.stdout
    rows = [json.loads(line)["row"] for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert PLANTED + 1 in rows
    assert np.isin(rows, list(chain(*steps[logged - LOGGED : logged]))).all()


def test_replay_takes_the_rows(trained, mmvalidate):
    folder, _ = trained
    (folder / "one.jsonl").write_text(json.dumps({"dataset": "data", "file": "data.jsonl", "row": PLANTED + 1}))
    options = ("--rows", folder / "one.jsonl", "--controls", "0", "--blind", "0", "-q")
    done = mmvalidate("replay", folder / "run", *options)
    assert done.returncode == 1, done.stderr  # for the dropped row
    replayed = pq.read_table(folder / "run" / "replay.parquet").to_pylist()
    assert [(sample["row"], sample["group"]) for sample in replayed] == [(PLANTED + 1, "candidate")]

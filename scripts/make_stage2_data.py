"""sample_data/stage2/: the configuration of LLaMA-Factory#7362, with rows of its kind (`./scripts/generate`).

One entry of text alone, one of phone and web screenshots with taps and descriptions; all rows are sound. The images are
those of sample_data/. Equal on every run. docs/origin-case.md walks through it.
"""

import json
import random
from pathlib import Path

from scripts.sample_builder import ALL_TAGS, APPS, say

TEXT, SCREENS = 40, 180
TRAIN = """\
# Modelled on LLaMA-Factory#7362. The learning rate's exponent and the number of epochs are not known.
### model
model_name_or_path: Qwen/Qwen2-VL-7B-Instruct
image_max_pixels: 1048576

### method
stage: sft
do_train: true
finetuning_type: full
freeze_vision_tower: true
freeze_multi_modal_projector: true
deepspeed: sample_data/stage2/ds_z2_config.json

### dataset
dataset_dir: sample_data/stage2
media_dir: sample_data
dataset: instructions,phone_web_screens
template: qwen2_vl
cutoff_len: 8192
max_samples: 1000000000
overwrite_cache: true
preprocessing_num_workers: 128

### output
output_dir: output/A_SEQ
logging_steps: 10
save_strategy: epoch
save_total_limit: 1

### train
per_device_train_batch_size: 1
gradient_accumulation_steps: 4
learning_rate: 2.0e-5
num_train_epochs: 1.0
bf16: true
"""
DEEPSPEED = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "zero_allow_untested_optimizer": True,
    "fp16": {"enabled": "auto"},
    "bf16": {"enabled": "auto"},
    "zero_optimization": {
        "stage": 2,
        "allgather_partitions": True,
        "allgather_bucket_size": 500000000,
        "overlap_comm": True,
        "reduce_scatter": True,
        "reduce_bucket_size": 500000000,
        "contiguous_gradients": True,
        "round_robin_gradients": True,
    },
}
"""LLaMA-Factory's example of ZeRO-2 as one stored version of it has it; today's has `overlap_comm` false."""


def instructions(rng: random.Random) -> list[dict]:
    """Rows of text alone, with long answers."""
    rows = []
    for number in range(TEXT):
        app = rng.choice(APPS)
        steps = rng.randint(6, 24)
        lines = [
            f"{step}. In {app}, open list {rng.randint(1, 99)} and choose item {step}." for step in range(1, steps)
        ]
        rows.append(say(f"Write instruction {number} for {app} in {steps} steps.", "\n".join(lines)))
    return rows


def screens(rng: random.Random) -> list[dict]:
    """Rows of one to five screenshots: taps of a few tokens, and descriptions."""
    rows = []
    for number in range(SCREENS):
        web = number % 4 == 0
        phones = [f"images/phone_{rng.randrange(8)}.png" for _ in range(rng.choice((1, 1, 1, 2, 3, 5)))]
        images = [f"images/web_{rng.randrange(4)}.png"] if web else phones
        place = "<image>" * len(images)
        if number % 10:
            answer = f"click({rng.randint(10, 1900 if web else 1070)}, {rng.randint(10, 1070 if web else 2390)})"
            rows.append(say(f"{place}Step {number}: what next?", answer, images=images))
        else:
            shown = "; ".join(f"entry {rng.randint(0, 63)} of {rng.choice(APPS)}" for _ in range(rng.randint(5, 25)))
            rows.append(say(f"{place}Describe screen {number}.", f"The screen lists {shown}.", images=images))
    return rows


def write(folder: Path) -> None:
    """Make the data in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7362)
    registry = {}
    for name, rows in (("instructions", instructions(rng)), ("phone_web_screens", screens(rng))):
        columns = {"messages": "messages"} | ({"images": "images"} if "images" in rows[0] else {})
        registry[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": ALL_TAGS}
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "dataset_info.json").write_text(json.dumps(registry, indent=2) + "\n", encoding="utf-8")
    (folder / "ds_z2_config.json").write_text(json.dumps(DEEPSPEED, indent=2) + "\n", encoding="utf-8")
    (folder / "train.yaml").write_text(TRAIN, encoding="utf-8")

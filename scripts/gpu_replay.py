"""Time and memory of a replayed sample on this machine, for Qwen2-VL of 2B and 7B with random weights.

    python -m scripts.gpu_replay [--sizes 2B 7B] [--tokens 1024 4096 8192] [--provoke] [--spread N] [--write]
    python -m scripts.gpu_replay --sizes tiny --tokens 256        (on a CPU, to see that it works)

Screen (bf16) and reference (fp32) beside the bare model's step, memory beside the arithmetic. `--provoke`: a device
assert, memory that runs out and cuDNN attention switched off, each in a worker that must survive or be replaced.
`--spread N`: N samples on one GPU and over a Dask worker for each. Nothing is downloaded. `--write` writes
docs/experiments/gpu_replay.md.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

from validator.facts.replayed import Step
from validator.media.geometry import ImageLimits
from validator.replaying.collate import Collator
from validator.replaying.crew import Single, confirmed, local_gpus
from validator.replaying.job import Job, Medium, Task
from validator.replaying.model import checkpoint_layers, freeze
from validator.replaying.pictures import Pictures
from validator.replaying.settings import ReplaySettings
from validator.replaying.step import Stepper
from validator.replaying.supervisor import Setup, Supervisor
from validator.replaying.watch import Watch
from validator.trainers.registry import trainer_named

ROOT = Path(__file__).resolve().parents[1]
SIZES = {  # hidden, inter, layers, heads, kv heads, vocabulary, tied, vision depth and width: config.json on the hub
    "2B": (1536, 8960, 28, 12, 2, 151936, True, 32, 1280),
    "7B": (3584, 18944, 28, 28, 4, 152064, False, 32, 1280),
    "tiny": (128, 256, 2, 2, 1, 151936, True, 1, 64),
}
LABELS = 200
EXPECTED = {("2B", "bf16"): "8 GiB, 0.3-0.5 s", ("2B", "fp32"): "26 GiB, 3.2 s"}
EXPECTED |= {("7B", "bf16"): "23 GiB, 1.3-2.1 s", ("7B", "fp32"): "54 GiB, 13 s"}
"""Arithmetic for 8192 tokens on an H200, logits in chunks: what is to be replaced by measurements."""


def build(size: str, device: str) -> Qwen2VLForConditionalGeneration:
    hidden, inter, layers, heads, kv_heads, vocabulary, tied, depth, width = SIZES[size]
    half = hidden // heads // 2
    sections = [half // 4, half * 3 // 8, half * 3 // 8]  # 16, 24, 24 in both models
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": hidden,
            "intermediate_size": inter,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": sections},
        },
        vision_config={"depth": depth, "embed_dim": width, "hidden_size": hidden, "num_heads": 16 if depth > 1 else 2},
        tie_word_embeddings=tied,
    )
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = Qwen2VLForConditionalGeneration(config)
    torch.set_default_dtype(torch.float32)
    for module in model.modules():  # rotary frequencies stay in fp32, as in a loaded checkpoint
        if hasattr(module, "inv_freq"):
            module.inv_freq = module.inv_freq.float()
    freeze(model, ReplaySettings())
    checkpoint_layers(model)
    return model.train()


def job_of(tokens: int, folder: Path) -> Job:
    """A phone screenshot of 1296 tokens where it fits, text around it, 200 labels."""
    rng = random.Random(0)
    ids = [rng.randrange(1000, 100_000) for _ in range(tokens)]
    images = []
    if tokens >= 2048:
        ids[10 : 10 + 1298] = [151652, *[151655] * 1296, 151653]
        Image.effect_noise((1080, 2400), 60).convert("RGB").save(folder / "phone.png")
        images = [Medium(str(folder / "phone.png"))]
    labels = [-100] * (tokens - LABELS) + ids[-LABELS:]
    return Job(("", "", 0), ids, labels, images, tokens={"image": (1296,) * len(images), "video": ()})


def bare_step(model: Qwen2VLForConditionalGeneration, batch: dict[str, torch.Tensor], device: str) -> float:
    """Seconds of a step of the bare model, as a trainer makes it: all logits, the model's own loss, no hooks."""
    inputs = {name: tensor.to(device) for name, tensor in batch.items() if name != "rope_deltas"}
    times = []
    for _ in range(3):  # the first one warms up
        wait(device)
        began = time.perf_counter()
        model(**inputs, use_cache=False).loss.backward()
        wait(device)
        times.append(time.perf_counter() - began)
        for parameter in model.parameters():
            parameter.grad = None
        model.model.rope_deltas = None
    return min(times[1:])


def wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def bare(model: Qwen2VLForConditionalGeneration, batch: dict[str, torch.Tensor], device: str) -> float | str:
    """The same, or why there is no number."""
    try:
        return bare_step(model, batch, device)
    except torch.OutOfMemoryError:
        for parameter in model.parameters():
            parameter.grad = None
        torch.cuda.empty_cache()
        return "out of memory"


def measure(size: str, lengths: list[int], device: str) -> list[str]:
    """One line for each length and arm: time, samples a minute, against the bare model, memory, the arithmetic."""
    model = build(size, device)
    collate = Collator(model, Pictures(None, ImageLimits(1048576, 1024), trainer_named("llamafactory")), 151643)
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        batches = {}
        for tokens in lengths:
            job = job_of(tokens, Path(scratch))
            batches[tokens] = collate([job], collate.pixels([job]))
        alone = {tokens: bare(model, batch, device) for tokens, batch in batches.items()}  # before hooks are set
        stepper = Stepper(model, Watch(model), device, "sdpa")
        for tokens, batch in batches.items():
            for arm in ("bf16", "repeat", "fp32"):
                step, _ = stepper(batch, arm)  # the first one warms up
                if arm != "bf16":
                    lines.append(line(size, tokens, "bf16" if arm == "repeat" else arm, step, alone[tokens]))
                    print(lines[-1], flush=True)
    return lines


def line(size: str, tokens: int, arm: str, step: Step, alone: float | str) -> str:
    expected = EXPECTED.get((size, arm), "") if tokens == 8192 else ""
    memory = f"{(step.peak_bytes or 0) / 2**30:.1f} GiB"
    base = alone if isinstance(alone, str) else f"{alone:.2f} s"
    if step.stage != "done":
        return f"| {size} | {tokens} | {arm} | {step.exception} | | {base} | | {memory} | {expected} |"
    factor = f"{step.seconds / alone:.2f}" if isinstance(alone, float) and arm == "bf16" else ""
    pace = f"{60 / step.seconds:.1f}"
    return f"| {size} | {tokens} | {arm} | {step.seconds:.2f} s | {pace} | {base} | {factor} | {memory} | {expected} |"


# ---- what only CUDA does ---------------------------------------------------------------------------
@contextmanager
def crowded(left: int = 2**25) -> Iterator[None]:
    """All of the device's memory but a few bytes is taken by this process."""
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(free - left, dtype=torch.uint8, device="cuda:0")
    yield
    del taken
    torch.cuda.empty_cache()


def provoke(folder: Path) -> list[str]:
    """A device assert, memory that runs out, and cuDNN attention, each in a supervised worker, then a good sample."""
    good = job_of(512, folder)
    beyond = replace(good, ids=[10_000_000, *good.ids[1:]])
    label = replace(good, labels=[*good.labels[:-1], 10_000_000])
    provoked = (
        ("an id beyond the vocabulary: device assert", beyond, ("bf16",), nullcontext, lambda step: step.exception),
        ("a label beyond the vocabulary: device assert", label, ("bf16",), nullcontext, lambda step: step.exception),
        ("no memory left for 8,192 tokens", job_of(8192, folder), ("bf16",), crowded, lambda step: step.resource),
        ("cuDNN attention off", good, ("bf16", "no_cudnn"), nullcontext, lambda step: step.finite),
    )
    found = []
    with Supervisor(Setup(ReplaySettings(device="cuda"), ImageLimits(1048576, 1024))) as worker:
        for name, job, arms, around, expected in provoked:
            before = worker.restarts
            with around():
                answer = confirmed(worker, Task(job, arms))
            after = confirmed(worker, Task(good, ("bf16",)))
            came = (answer.steps[-1].exception or f"{answer.steps[-1].arm} finite")[:80]
            came += "" if expected(answer.steps[-1]) else " (NOT what was expected)"
            end = "finite" if after.steps[0].finite else "NOT finite"
            found.append(f"| {name} | {came} | {worker.restarts - before} | {end} |")
            print(found[-1], flush=True)
    return found


def spread(number: int, folder: Path) -> str:
    """Samples a minute of the built-in model on one GPU and on all of this machine, over Dask workers."""
    setup = Setup(ReplaySettings(device="cuda"), ImageLimits(1048576, 1024))
    tasks = [Task(job_of(4096, folder), ("bf16",))] * number
    first = Supervisor(setup)
    devices = first.ready.num_devices
    paces = []
    for crew in (Single(first), None):
        crew = crew or local_gpus(setup, Supervisor(setup))
        list(crew.answers(tasks[: 2 * devices]))  # every worker loads the model
        began = time.perf_counter()
        list(crew.answers(tasks))
        paces.append(60 * number / (time.perf_counter() - began))
        crew.close()
    return f"{number} samples of 4,096 tokens: {paces[0]:.0f} a minute on one GPU, {paces[1]:.0f} on {devices}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", nargs="*", default=["2B", "7B"], choices=SIZES)
    parser.add_argument("--tokens", nargs="+", type=int, default=[1024, 4096, 8192])
    parser.add_argument("--provoke", action="store_true", help="device assert, out of memory, cuDNN attention")
    parser.add_argument("--spread", type=int, default=0, metavar="N", help="N samples over all GPUs of this machine")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and (given.provoke or given.spread):
        parser.error("--provoke and --spread need a CUDA device")
    torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if device != "cpu" else "CPU"
    print(HEAD)
    lines = [line for size in given.sizes for line in measure(size, given.tokens, device)]
    parts = ["\n".join([HEAD, *lines])]
    with tempfile.TemporaryDirectory() as scratch:
        if given.provoke:
            parts.append("\n".join([PROVOKED, *provoke(Path(scratch))]))
        if given.spread:
            parts.append(spread(given.spread, Path(scratch)))
            print(parts[-1])
    if given.write:
        page = ROOT / "docs" / "experiments" / "gpu_replay.md"
        text = f"# Time and memory of a replayed sample\n\n`python -m scripts.gpu_replay --write`, {name}, torch "
        page.write_text(f"{text}{torch.__version__}.\n\n" + "\n\n".join(parts) + "\n", encoding="utf-8")


HEAD = "| model | tokens | arm | time | samples a minute | bare model | times that | peak memory | arithmetic |\n|"
HEAD += "---|" * 9
PROVOKED = "| provoked | what came | workers lost | a good sample afterwards |\n|---|---|---|---|"


if __name__ == "__main__":
    main()

"""Time and memory of a replayed sample on this machine, for Qwen2-VL of 2B and 7B with random weights.

    python -m scripts.gpu_replay [--sizes 2B 7B] [--tokens 1024 4096 8192] [--write]
    python -m scripts.gpu_replay --sizes tiny --tokens 256        (on a CPU, to see that it works)

Nothing is downloaded. `--write` writes docs/experiments/gpu_replay.md.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import torch
from PIL import Image
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

from validator.media.geometry import ImageLimits
from validator.replay.collate import Collator
from validator.replay.job import Job, Medium
from validator.replay.model import checkpoint_layers, freeze
from validator.replay.pictures import Pictures
from validator.replay.settings import ReplaySettings
from validator.replay.step import Stepper
from validator.replay.watch import Watch

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


def measure(size: str, lengths: list[int], device: str) -> list[str]:
    model = build(size, device)
    limits = ImageLimits(1048576, 1024)
    collate = Collator(model, Pictures(None, limits), 151643)
    stepper = Stepper(model, Watch(model), device, "sdpa")
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        for tokens in lengths:
            job = job_of(tokens, Path(scratch))
            batch = collate([job], collate.pixels([job]))
            for arm in ("bf16", "repeat", "fp32"):
                step, _ = stepper(batch, arm)  # the first one warms up
                if arm == "bf16":
                    continue
                name = "bf16" if arm == "repeat" else arm
                expected = EXPECTED.get((size, name), "") if tokens == 8192 else ""
                memory = (step.peak_bytes or 0) / 2**30
                outcome = "out of memory" if step.resource else step.exception or f"{step.seconds:.2f} s"
                lines.append(f"| {size} | {tokens} | {name} | {outcome} | {memory:.1f} GiB | {expected} |")
                print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", nargs="+", default=["2B", "7B"], choices=SIZES)
    parser.add_argument("--tokens", nargs="+", type=int, default=[1024, 4096, 8192])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if device != "cpu" else "CPU"
    head = ["| model | tokens | arm | time | peak memory | arithmetic |", "|---|---|---|---|---|---|"]
    print("\n".join(head))
    lines = [line for size in given.sizes for line in measure(size, given.tokens, device)]
    if given.write:
        page = ROOT / "docs" / "experiments" / "gpu_replay.md"
        text = f"# Time and memory of a replayed sample\n\n`python -m scripts.gpu_replay --write`, {name}, torch "
        page.write_text(f"{text}{torch.__version__}.\n\n" + "\n".join(head + lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Two stages of training on a CPU, with planted rows in the second, with and without the gate.

    python -m scripts.experiments.two_stage [--steps N] [--write]

A small Qwen2-VL learns from text, then from pictures and text among which bad rows are planted. mmvalidate checks the
second stage's data and replays its riskiest rows on the first stage's checkpoint; the second stage is then trained with
and without the rows that it found, and with one NaN pixel under an optimizer that checks gradients and one that does
not. `--write` writes docs/experiments/two_stage.md and its plots. Needs torch (`./scripts/replay_env`).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

from scripts import synthetic_rows
from scripts.experiments.planted import KINDS, Kind
from scripts.experiments.replay_confusion import Silent, healthy_row
from scripts.replay_jobs import jobs_of, jobs_of_registry, write_dataset
from scripts.tiny_checkpoint import tiny_config, write_tokenizer
from validator.catalog.registry import load_registry
from validator.engine.run import run
from validator.replay.collate import Collator
from validator.replay.job import Job
from validator.replay.model import freeze
from validator.replay.pictures import Pictures
from validator.replay.run import replay
from validator.replay.settings import ReplaySettings
from validator.replay.verdict import ALARMS
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.tokens.processor import load_processor

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "experiments"
CUTOFF, HEALTHY, EACH, HELD_OUT = 256, 320, 3, 32
FIRST, BATCH, ACCUMULATION, RATE, CLIP = 250, 8, 4, 1e-3, 1.0
SPOILED = 10
"""The step of the second stage in which one pixel is NaN, in the runs that have one."""
PLANTED = (
    "literal image pad", "picture cut by the cutoff", "missing picture", "no label within the cutoff",
    "one token 120 times", "random letters", "unknown script", "box tokens in the answer",
)  # fmt: skip


@dataclass
class Run:
    """One training of the second stage, step by step."""

    name: str
    loss: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    nonfinite: int = 0
    skipped: int = 0
    ended: str = ""


class Trainer:
    """The model and what makes its batches. The vision tower and the projector are frozen, as in LLaMA-Factory."""

    def __init__(self, folder: Path, limits) -> None:
        from transformers import Qwen2VLForConditionalGeneration

        self.folder = folder
        self.processor = load_processor(str(folder))
        torch.manual_seed(0)
        self.model = Qwen2VLForConditionalGeneration(tiny_config(dict(self.processor.encoder.special_tokens)))
        freeze(self.model, ReplaySettings())
        self.collate = Collator(self.model, Pictures(str(folder), limits), self.processor.token_id("<|endoftext|>"))
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def batch(self, jobs: list[Job]) -> dict:
        made = self.collate(jobs, self.collate.pixels(jobs))
        made.pop("rope_deltas")
        return made

    def first_stage(self, jobs: list[Job]) -> list[float]:
        """Text only, in batches of 8; the losses."""
        optimizer = torch.optim.AdamW(self.trained, lr=2 * RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2 * RATE, total_steps=FIRST)
        rng, losses = random.Random(0), []
        for _ in range(FIRST):
            loss = self.model(**self.batch(rng.sample(jobs, BATCH))).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.trained, CLIP)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    def second_stage(
        self, name: str, jobs: list[Job], held_out: list[Job], steps: int, *, spoil=False, checks=True, skip=True
    ) -> Run:
        """Micro-batches of one, accumulation 4, each loss a mean: the origin's settings. The model is left as it was.

        `checks`: a step whose gradient is not finite is left out, as DeepSpeed 0.19.3 and later do; before, the norm of
        such a gradient is -1, nothing is clipped, and Adam takes it. `skip`: rows that raise are passed over.
        """
        found = Run(name)
        before = [parameter.detach().clone() for parameter in self.trained]
        length = math.sqrt(sum(float(tensor.square().sum()) for tensor in before))
        optimizer = torch.optim.AdamW(self.trained, lr=RATE)
        rng = random.Random(1)
        order = iter([job for _ in range(20) for job in rng.sample(jobs, len(jobs))])
        for number in range(steps):
            losses = []
            while len(losses) < ACCUMULATION:
                job = next(order)
                try:
                    batch = self.batch([job])
                    if spoil and number == SPOILED and not losses and "pixel_values" in batch:
                        batch["pixel_values"][0, 0] = math.nan
                    loss = self.loss(batch)
                    (loss / ACCUMULATION).backward()
                except Exception as error:
                    if not skip:
                        found.ended = f"step {number + 1}, row {job.key[2]}: {type(error).__name__}: {error}"
                        break
                    continue
                losses.append(loss.item())
            if found.ended:
                break
            grads = [parameter.grad for parameter in self.trained if parameter.grad is not None]
            norm = math.sqrt(sum(float(grad.double().square().sum()) for grad in grads))
            if math.isfinite(norm) or not checks:
                if norm > CLIP:  # false for NaN: DeepSpeed's -1 does not clip either
                    for grad in grads:
                        grad.mul_(CLIP / norm)
                optimizer.step()
            else:
                found.skipped += 1
            optimizer.zero_grad()
            found.loss.append(sum(losses) / len(losses))
            found.norm.append(norm)
            apart = sum(
                float((now.detach() - then).square().sum()) for now, then in zip(self.trained, before, strict=True)
            )
            found.moved.append(math.sqrt(apart) / length)
            if number % 20 == 19:
                found.held_out.append((number + 1, self.evaluate(held_out)))
        found.nonfinite = sum(not bool(torch.isfinite(parameter).all()) for parameter in self.trained)
        with torch.no_grad():
            for parameter, tensor in zip(self.trained, before, strict=True):
                parameter.copy_(tensor)
        return found

    def loss(self, batch: dict) -> torch.Tensor:
        """The mean over the labels; over none it is NaN, as it is in the trainer."""
        return self.model(**batch).loss

    @torch.no_grad()
    def evaluate(self, jobs: list[Job]) -> float:
        losses = [self.loss(self.batch(jobs[start : start + 8])).item() for start in range(0, len(jobs), 8)]
        return sum(losses) / len(losses)


def plant(folder: Path, seed: int) -> tuple[Path, dict[int, Kind]]:
    """The second stage's data: healthy rows, and planted ones among them; the kind of each planted row."""
    rows = [(row, None) for row in synthetic_rows.rows(seed, HEALTHY, folder)]
    for kind in (kind for kind in KINDS if kind.name in PLANTED):
        for number in range(EACH):
            rng = random.Random(f"{seed} {kind.name} {number}")
            rows.append((kind.make(rng, healthy_row(rng, kind, folder, f"{kind.name}{number}.png"), folder), kind))
    random.Random(seed).shuffle(rows)
    registry = write_dataset(folder, [row for row, _ in rows])
    return registry, {number: kind for number, (_, kind) in enumerate(rows) if kind is not None}


def found_before(registry: Path, checkpoint: Path) -> tuple[set[int], dict[int, str]]:
    """Rows with an error finding, and the replayed rows with their verdicts."""
    settings = Settings(dataset_info=registry, processor=str(checkpoint), cutoff_len=CUTOFF)
    rules, left_out = choose_rules(settings)
    folder = registry.parent / "run"
    run(settings, load_registry(registry, ()), rules, left_out, folder, Silent())
    lines = (folder / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    findings = [json.loads(line) for line in lines]
    static = {item["row"] for item in findings if item["severity"] == "error" and item["row"] is not None}
    asked = ReplaySettings(model=str(checkpoint), device="cpu", candidates=160, controls=200, blind=0, remedies=0)
    outcome = replay(folder, asked, Silent())
    return static, {sample.row: sample.verdict for sample in outcome.samples}


def experiment(steps: int, folder: Path) -> tuple[list[Run], list[float], str]:
    """The runs of the second stage, the first one's losses, and the table of what was found before."""
    checkpoint = folder / "stage_1"
    checkpoint.mkdir(parents=True)
    write_tokenizer(checkpoint)
    load_processor.cache_clear()
    rng = random.Random(3)
    texts, limits = jobs_of(folder / "text", [synthetic_rows.text_row(rng) for _ in range(600)], str(checkpoint))
    trainer = Trainer(checkpoint, limits)
    first = trainer.first_stage(texts)
    saved = folder / "saved"
    trainer.model.config.dtype = torch.bfloat16
    trainer.model.save_pretrained(saved)
    for file in saved.iterdir():
        shutil.copy(file, checkpoint / file.name)
    print(f"first stage: {first[0]:.2f} -> {first[-1]:.2f}", file=sys.stderr)
    registry, owner = plant(folder / "second", 11)
    static, replayed = found_before(registry, checkpoint)
    accused = {row for row, verdict in replayed.items() if verdict in ALARMS}
    table = found_table(owner, static, replayed)
    print(table, file=sys.stderr)
    jobs, _ = jobs_of_registry(registry, str(checkpoint), cutoff_len=CUTOFF)
    gated = [job for job in jobs if job.key[2] not in static and job.key[2] not in accused]
    held_out, _ = jobs_of(folder / "held_out", synthetic_rows.rows(12, HELD_OUT, folder / "held_out"), str(checkpoint))
    runs = []
    for name, data, options in (
        ("without the gate", jobs, {"skip": False}),
        ("without the gate, crashing rows skipped", jobs, {}),
        ("with the gate", gated, {}),
        ("one NaN pixel, gradients checked", gated, {"spoil": True}),
        ("one NaN pixel, not checked", gated, {"spoil": True, "checks": False}),
    ):
        runs.append(trainer.second_stage(name, data, held_out, steps, **options))
        print(f"{name}: {summary(runs[-1])}", file=sys.stderr)
    return runs, first, table


def found_table(owner: dict[int, Kind], static: set[int], replayed: dict[int, str]) -> str:
    accused = {row: verdict for row, verdict in replayed.items() if verdict in ALARMS}
    lines = [
        "| planted | rows | error finding | replay alone | replayed, not accused | not replayed | verdicts |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in PLANTED:
        rows = [row for row, kind in owner.items() if kind.name == name]
        by_replay = [row for row in rows if row not in static and row in accused]
        missed = [row for row in rows if row not in static and row not in accused and row in replayed]
        verdicts = Counter(replayed[row] for row in rows if row in replayed)
        words = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
        in_static = sum(row in static for row in rows)
        left = len(rows) - in_static - len(by_replay) - len(missed)
        lines.append(f"| {name} | {len(rows)} | {in_static} | {len(by_replay)} | {len(missed)} | {left} | {words} |")
    healthy = [row for row in replayed if row not in owner]
    false = [row for row in healthy if row in accused]
    words = ", ".join(f"{number} {verdict}" for verdict, number in Counter(replayed[row] for row in healthy).items())
    in_static = sum(row not in owner for row in static)
    lines.append(
        f"| healthy | {HEALTHY} | {in_static} | {len(false)} | {len(healthy) - len(false)} | "
        f"{HEALTHY - len(healthy)} | {words} |"
    )
    return "\n".join(lines)


def summary(ran: Run) -> str:
    """One row of the table of runs, without its name."""
    finite = [norm for norm in ran.norm if math.isfinite(norm)]
    nan = sum(not math.isfinite(loss) for loss in ran.loss)
    held_out = f"{ran.held_out[-1][1]:.3f}" if ran.held_out else ""
    largest = f"{max(finite):.1f} | {sorted(finite)[len(finite) // 2]:.2f}" if finite else "|"
    moved = f"{ran.moved[-1]:.1%}" if ran.moved else ""
    return f"{len(ran.loss)} | {nan} | {ran.skipped} | {largest} | {moved} | {ran.nonfinite} | {held_out}"


HEAD = (
    "| run | steps | loss NaN | steps left out | largest gradient norm | median | weights moved | "
    "tensors not finite | held-out loss |\n|" + "---|" * 9
)


def plot(runs: list[Run]) -> None:
    """Loss, gradient norm, distance of the weights, held-out loss: one small picture each."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "two_stage", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    curves = {
        "loss": ("loss of the step", lambda ran: (range(1, len(ran.loss) + 1), ran.loss)),
        "norm": ("gradient norm before clipping", lambda ran: (range(1, len(ran.norm) + 1), ran.norm)),
        "moved": ("distance of the weights from stage 1", lambda ran: (range(1, len(ran.moved) + 1), ran.moved)),
        "held_out": ("loss on held-out rows", lambda ran: tuple(zip(*ran.held_out, strict=True)) or ((), ())),
    }
    for name, (title, points) in curves.items():
        figure, axes = pyplot.subplots(figsize=(6.4, 3.2))
        for ran, style in zip(runs, ("k-", "C3-", "C0-", "C2--", "C1:"), strict=True):
            across, up = points(ran)
            axes.plot(across, up, style, label=ran.name, linewidth=1.3)
        axes.set_title(title)
        axes.set_xlabel("step of stage 2")
        if name == "norm":
            axes.set_yscale("log")
        axes.legend(fontsize=7)
        figure.tight_layout()
        figure.savefig(PAGES / f"two_stage_{name}.svg", metadata={"Date": None})
        pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        runs, first, table = experiment(given.steps, Path(scratch))
    lines = "\n".join([HEAD, *(f"| {ran.name} | {summary(ran)} |" for ran in runs)])
    ended = runs[0].ended or "nowhere"
    print(f"{table}\n\n{lines}\n\nends at {ended}\n{time.perf_counter() - began:.0f} s")
    if given.write:
        page = PAGE.format(
            steps=given.steps, torch=torch.__version__, first=f"{first[0]:.2f} to {first[-1]:.2f}", table=table,
            lines=lines, ended=ended, healthy=HEALTHY, each=EACH, spoiled=SPOILED + 1, first_steps=FIRST,
        )  # fmt: skip
        (PAGES / "two_stage.md").write_text(page, encoding="utf-8")
        plot(runs)


PAGE = """# Two stages of training, with and without the gate

Made by `python -m scripts.experiments.two_stage --steps {steps} --write` (torch {torch}, CPU, fp32). A Qwen2-VL of
1.2 M parameters learns from text for {first_steps} steps (loss {first}); then from {healthy} healthy rows, half of them
with pictures, and {each} rows of each planted kind. Vision tower and projector are frozen, micro-batch 1, accumulation
4, each loss the mean over its labels, clipping at 1: the settings of the origin (LLaMA-Factory issue 7362).

## What is found before the second stage

`mmvalidate` with the replay of the 160 riskiest rows on the first stage's checkpoint, beside 200 controls. Verdicts
include those on rows that have an error finding.

{table}

## What training makes of it

The first run takes the data as they are and ends at {ended}. The second passes over rows that raise, as someone does
who removes them one by one; the third has none of the rows that mmvalidate found. The last two are the third with one
NaN pixel in step {spoiled}, which no file can hold: under an optimizer that leaves out steps whose gradient is not
finite (DeepSpeed from 0.19.3, or from 0.17.1 with `check_grad_overflow`), and under one that does not check.

{lines}

![Loss](two_stage_loss.svg)
![Gradient norm](two_stage_norm.svg)
![Distance of the weights](two_stage_moved.svg)
![Held-out loss](two_stage_held_out.svg)
"""


if __name__ == "__main__":
    main()

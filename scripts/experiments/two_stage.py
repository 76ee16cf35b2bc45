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
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import torch

from scripts import synthetic_rows
from scripts.experiments.planted import KINDS, Kind
from scripts.experiments.replay_confusion import Silent, healthy_row
from scripts.experiments.stage_training import FIRST, SPOILED, Run, Trainer
from scripts.experiments.two_stage_page import HEAD, HEALTHY, PAGE, PAGES, PLANTED, found_table, plot, summary
from scripts.replay_jobs import jobs_of, jobs_of_registry, write_dataset
from scripts.tiny_checkpoint import write_tokenizer
from validator.catalog.registry import load_registry
from validator.engine.run import run
from validator.engine.run_files.finished import FinishedRun
from validator.replaying.run import replay
from validator.replaying.settings import ReplaySettings
from validator.replaying.verdict import ALARMS
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.tokens.processor import load_processor

CUTOFF, EACH, HELD_OUT = 256, 3, 32


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
    outcome = replay(FinishedRun(folder), asked, Silent())
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


if __name__ == "__main__":
    main()

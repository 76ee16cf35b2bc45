"""What each remedy does to samples of planted kinds, and which samples break on one of two checkpoints only.

    python -m scripts.experiments.remedies [--each N] [--write]

Two replays on the trained tiny model. In the second its embedding of `<|box_start|>` is NaN, as a token's row is that a
bad first stage has spoiled, and the sound model is the reference. `--write` writes docs/experiments/remedies.md.
Needs torch (`./scripts/replay_env`).
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from scripts.experiments import replay_confusion
from scripts.experiments.planted import _LOUD, KINDS, Kind, _answer, _question
from scripts.tiny_checkpoint import ensure
from validator.facts.replayed import LOUDER
from validator.replaying.comparison import SIDES
from validator.replaying.remedies import place
from validator.replaying.run import Outcome
from validator.tokens.processor import load_processor

ROOT = Path(__file__).resolve().parents[2]
SEED = 5100
NAMES = (
    "literal image pad", "picture cut by the cutoff", "no label within the cutoff", "one token 120 times",
    "random letters", "unknown script", "words spelled backwards",
)  # fmt: skip


def _short(rng: random.Random, answer: str) -> str:
    return rng.choice(["Щ", "Ж", "#%", "@@"])


def _boxed(rng: random.Random, question: str) -> str:
    return f"<|box_start|>{question}"


SHORT = Kind("an absurd answer of one sign", "file", _LOUD, _answer(_short), pictures=False)
BOXED = Kind("a token whose embedding is NaN", "file", ("NON_FINITE",), _question(_boxed), pictures=False)


def spoiled(checkpoint: Path, folder: Path) -> Path:
    """A copy of a checkpoint with one row of the embedding NaN."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("train"))
    tensors = load_file(folder / "model.safetensors")
    tensors["model.embed_tokens.weight"][load_processor(str(checkpoint)).token_id("<|box_start|>")] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def remedy_table(runs: list[tuple[Outcome, dict[int, Kind]]]) -> str:
    """Rows are remedies, columns are kinds: helps/tried, and how the pull changes where that is the point."""
    kinds: dict[str, Counter] = defaultdict(Counter)
    cells: dict[tuple[str, str], list] = defaultdict(list)
    for outcome, owner in runs:
        for sample in outcome.samples:
            if sample.group == "candidate" and sample.remedies:
                kind = owner[sample.row].name
                kinds[kind][sample.own_verdict] += 1
                for remedy in sample.remedies:
                    cells[remedy.name, kind].append(remedy)
    heads = [
        f"{kind} ({', '.join(f'{number} {verdict}' for verdict, number in kinds[kind].items())})" for kind in kinds
    ]
    lines = ["| remedy | " + " | ".join(heads) + " |", "|---|" + "---|" * len(kinds)]
    for name in sorted({name for name, _ in cells}, key=place):
        lines.append(f"| {name} | " + " | ".join(_cell(cells.get((name, kind), [])) for kind in kinds) + " |")
    return "\n".join(lines)


def _cell(remedies: list) -> str:
    tried = [remedy for remedy in remedies if remedy.verdict is not None]
    if not tried:
        return ""
    text = f"{sum(remedy.helps for remedy in tried)}/{len(tried)}"
    pulls = sorted(remedy.pull for remedy in tried if remedy.pull is not None)
    if pulls:
        text += f", pull x {pulls[len(pulls) // 2]:.2g}"
        text += f" ({sum(pull > LOUDER for pull in pulls)} louder)" if pulls[-1] > LOUDER else ""
    return text


def comparison_table(outcome: Outcome) -> str:
    found = outcome.comparison
    lines = ["| group | " + " | ".join(SIDES) + " |", "|---|" + "---|" * len(SIDES)]
    lines += [
        f"| {group} | " + " | ".join(str(counts.get(side, 0)) for side in SIDES) + " |"
        for group, counts in found.table.items()
    ]
    words = Counter(sample.difference for sample in outcome.samples if sample.difference is not None)
    lines += ["", "What differs where samples break on the model alone:", ""]
    return "\n".join(lines + [f"- {number} samples: {text}" for text, number in words.most_common()])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    began = time.perf_counter()
    replay_confusion.EACH, replay_confusion.HEALTHY, replay_confusion.POOL = given.each, 20, 300
    chosen = (*(kind for kind in KINDS if kind.name in NAMES), SHORT)
    with tempfile.TemporaryDirectory() as scratch:
        place_of = Path(scratch)
        checkpoint = ensure()
        _, sound, owner = replay_confusion.experiment(chosen, SEED, place_of / "sound", remedies=1000)
        damaged = spoiled(checkpoint, place_of / "damaged")
        _, broken, theirs = replay_confusion.experiment(
            (BOXED, SHORT), SEED + 1, place_of / "broken", 1000, damaged, checkpoint
        )
    only = {row: kind for row, kind in theirs.items() if kind is BOXED}
    boxed = Outcome(
        tuple(sample for sample in broken.samples if sample.row in only and sample.group == "candidate"),
        broken.systemic, broken.choice, broken.yardstick, broken.ready, broken.settings,
    )  # fmt: skip
    text = remedy_table([(sound, owner), (boxed, only)])
    two = comparison_table(broken)
    print(f"{text}\n\n{two}\n\n{time.perf_counter() - began:.0f} s")
    if given.write:
        page = ROOT / "docs" / "experiments" / "remedies.md"
        filled = PAGE.format(each=given.each, versions=sound.ready.versions, text=text, two=two)
        page.write_text(filled, encoding="utf-8")


PAGE = """# Remedies, measured

Made by `python -m scripts.experiments.remedies --each {each} --write` ({versions}), on the tiny model of
`scripts/tiny_checkpoint.py` with 200 controls. A cell says on how many samples of a kind the change removes the alarm,
of how many it was tried on; "pull" is how many times as much as configured (batch 1, accumulation 4, mean over each
micro-batch) the sample adds to the gradient of its step, in the median. The order is that of cost.

{text}

What it says: nothing that scales the gradient changes a verdict that rests on the answer or on NaN. Clipping bounds
every loud sample to a tenth or a fifth of its pull. The token-normalised loss and batch 2 x 2 have opposite signs: a
fifth to a quarter of the pull for an absurd answer of one sign, up to 1.2 times for long ones, which they make
louder. Such answers stay outliers of the loss: the remedy is to read them. Rows that the cutoff broke need twice the
cutoff; half the cutoff, half the pixels, fp32 and eager attention mend nothing here, and only the sound checkpoint
mends a NaN in the other. The learning rate is reasoned here; steps of training measure it
([training on an accused row](k_step.md)).

## Two checkpoints

The model with NaN in the embedding of `<|box_start|>`, the sound one as `--reference-model`. Samples with that token
were planted, and absurd answers of one sign, which are a matter of the data.

{two}
"""


if __name__ == "__main__":
    main()

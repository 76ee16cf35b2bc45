"""The replay on the terminal: what it ran on, verdicts by group, one block per confirmed sample, what it cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from validator.facts.replayed import LOUDER
from validator.findings import count, printable
from validator.report.tables import print_table

BLOCKS = 10
"""Samples shown in full; the others are in replay.parquet."""
MEANING = {
    "CRASH": "training ends at this row with this exception",
    "NO_TARGET": "the loss is 0/0; weights are unharmed, the step is wasted and logs hide it",
    "NON_FINITE": "without a check of gradients (DeepSpeed before 0.19.3) one such step makes every weight NaN",
    "PRECISION_SENSITIVE": "BF16 has fp32's range and lacks its precision: here precision is missing",
    "GRAD_SPIKE": "the step is pulled towards this row; Adam bounds the damage",
    "LOSS_OUTLIER": "the model finds the answer absurd: it is wrong, or of another kind",
    "RESOURCE": "memory, not numbers: it says nothing about stability",
}


def section(console: Console, replay: dict[str, Any], base: Path) -> None:
    """Print the replay's part of a summary."""
    settings, model = replay["settings"], replay["model"]
    console.print(Text("Replay", style="bold"))
    console.print(
        Text(
            printable(
                f"model {settings['model']} ({model['parameters']:,} parameters, {model['trainable']:,} trained), "
                f"{settings['dtype']}, {replay['device']}, attention {replay['attention']}, {replay['processor']}"
            )
        )
    )
    _systemic(console, replay)
    for block in replay["confirmed"][:BLOCKS]:
        _block(console, block, base)
    if len(replay["confirmed"]) > BLOCKS:
        console.print(Text(f"... and more: see replay.parquet ({len(replay['confirmed'])} listed)", style="dim"))
    _verdicts(console, replay)
    _remedies(console, replay)
    _comparison(console, replay, base)
    for note in notes(replay):
        console.print(Text(note))
    console.print()


def _systemic(console: Console, replay: dict[str, Any]) -> None:
    for item in replay["systemic"]:
        line = (
            f"SYSTEMIC: {item['failed']} of {item['controls']} healthy {item['modality']} controls: {item['failure']}"
        )
        console.print(Text(line, style="bold red"))
        if item["first"]:
            console.print(Text(printable(f"    first in {item['first']}")))
        for arm, outcome in item["ladder"].items():
            console.print(Text(f"    {arm}: {outcome}"))
        console.print(Text(f"    suspect {item['culprit']}"))


def _block(console: Console, block: dict[str, Any], base: Path) -> None:
    where = printable(f"{base / block['file']} (row {block['row']})")
    line = Text(where, style="bold")
    line.append(f" {block['verdict']}", style="red")
    line.append(" (a blind control)" if block["group"] == "blind" else "")
    console.print(line)
    console.print(Text(printable(f"    {block['why']}")))
    if block["loss"] is not None:
        console.print(Text(f"    loss {block['loss']:.3g}{_beside(block['control_loss'])}"))
    if block["grad_norm"] is not None:
        tokens = block["grad_norm_token_normalised"]
        other = f"; token-normalised {tokens:.3g}" if tokens is not None else ""
        console.print(Text(f"    gradient norm {block['grad_norm']:.3g}{other}{_beside(block['control_grad_norm'])}"))
    if block["ladder"]:
        rungs = ", ".join(f"{arm} {outcome}" for arm, outcome in block["ladder"].items())
        console.print(Text(f"    ladder: {rungs}"))
    console.print(Text(f"    that is: {MEANING[block['verdict']]}"))
    for words in (*_tried(block), *_trained(block)):
        console.print(Text(printable(f"    {words}")))
    if block["static"]:
        console.print(Text(f"    the check found: {', '.join(block['static'])}", style="dim"))


def _beside(text: str | None) -> str:
    return f" (controls near it: {text})" if text else ""


def _tried(block: dict[str, Any]) -> list[str]:
    """What the remedies did, the cheapest first."""
    tried = [remedy for remedy in block["remedies"] if remedy["verdict"] is not None]
    if not tried:
        return []
    helps = [f"{remedy['name']} ({remedy['effect']})" for remedy in tried if remedy["helps"]]
    worse = [f"{remedy['name']} (x {remedy['pull']:.2g})" for remedy in tried if (remedy["pull"] or 0) > LOUDER]
    lines = [f"remedy: {helps[0]}" if helps else f"remedy: none of the {len(tried)} that were tried"]
    lines += ["also: " + ", ".join(remedy["name"] for remedy in tried if remedy["helps"])] if len(helps) > 1 else []
    return lines + (["louder with: " + ", ".join(worse)] if worse else [])


def _trained(block: dict[str, Any]) -> list[str]:
    """What a few steps of training on it did, where that was asked for."""
    if not block["drifts"]:
        return []
    first, *others = block["drifts"]
    lines = [f"trained on, loss on other rows: {first['words']}" + (": destabilises" if first["destabilises"] else "")]
    for name, found in (("calm", False), ("not calm", True)) if first["destabilises"] else ():
        if mine := [f"{drift['name']} ({_change(drift)})" for drift in others if drift["destabilises"] == found]:
            lines.append(f"{name} with: {', '.join(mine)}")
    return lines


def _change(drift: dict[str, Any]) -> str:
    return "NaN" if drift["median"] is None else f"{drift['median']:+.3f}"


def _remedies(console: Console, replay: dict[str, Any]) -> None:
    cells = replay["remedies"]
    verdicts = sorted({cell["verdict"] for cell in cells})
    rows = []
    for name in dict.fromkeys(cell["remedy"] for cell in cells):
        mine = {cell["verdict"]: cell for cell in cells if cell["remedy"] == name}
        rows.append((name, *(_cell(mine.get(verdict)) for verdict in verdicts)))
    print_table(console, "Remedies: helps/tried", ("remedy, the cheapest first", *verdicts), rows)


def _cell(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return ""
    return f"{cell['helps']}/{cell['tried']}" + (f", {cell['worse']} louder" if cell["worse"] else "")


def _comparison(console: Console, replay: dict[str, Any], base: Path) -> None:
    found = replay["comparison"]
    if found is None:
        return
    names = list(next(iter(found["table"].values())))
    rows = [(group, *(f"{counts[name]:,}" for name in names)) for group, counts in found["table"].items()]
    print_table(console, printable(f"The same samples on {found['reference']}"), ("group", *names), rows)
    for item in found["systemic"]:
        console.print(Text(printable(f"healthy controls fail on the reference too: {item}")))
    listed = found["only_on_the_model"]
    for sample in listed[:BLOCKS]:
        where = f"{base / sample['file']} (row {sample['row']})"
        line = f"{where} {sample['verdict']}, {sample['reference_verdict']} there: {sample['difference']}"
        console.print(Text(printable(line)))
    if len(listed) > BLOCKS:
        console.print(
            Text(f"... and more: see column difference of replay.parquet ({len(listed)} listed)", style="dim")
        )
    if found["differences"]:
        console.print(Text(printable("checkpoints differ most in: " + "; ".join(found["differences"][:3]))))


def _verdicts(console: Console, replay: dict[str, Any]) -> None:
    groups = replay["verdicts"]
    names = sorted({name for counts in groups.values() for name in counts})
    table = [(name, *(f"{counts.get(name, 0):,}" for counts in groups.values())) for name in names]
    print_table(console, "Verdicts", ("verdict", *groups), table)


def notes(replay: dict[str, Any]) -> list[str]:
    """What a replay says as a whole: false alarms, thresholds, what it cannot judge."""
    notes = []
    if stopped := replay["stop_before_the_model"]:
        notes.append(
            f"{stopped} of the candidates that crash do so in preprocessing, before any model: see their findings"
        )
    alarms = replay["false_alarms"]
    if alarms["blind"]:
        verb = "was" if alarms["alarms"] < 2 else "were"
        flagged, mixed_in = alarms["alarms"] or "none", count(alarms["blind"], "healthy row")
        notes.append(f"false alarms: {flagged} of {mixed_in} mixed in {verb} flagged")
    else:
        notes.append("false alarms: not measured, because too few rows are unflagged")
    if limits := replay["thresholds"]:
        notes.append(
            f"thresholds, from {limits['controls']} controls: gradient score {limits['gradient_score']:.1f}, "
            f"loss score {limits['loss_score']:.1f}, bf16 gradient {limits['relative_gradient_error']:.0%} off fp32"
        )
    if (steps := replay["k_step"]) and not steps["samples"]:
        few = steps["controls"] < steps["controls_needed"]
        notes.append(
            f"no training steps: {steps['controls']} healthy controls have 20 labels or more, "
            f"{steps['controls_needed']} are needed"
            if few
            else "no training steps: no flagged sample has a step to train on"
        )
    if replay["not_judged"]:
        notes.append(
            f"not judged on an untrained model: {', '.join(replay['not_judged'])}; give the checkpoint that will be "
            "trained with --model"
        )
    reaching = {"CRASH", "NO_TARGET", "NON_FINITE", "PRECISION_SENSITIVE", "GRAD_SPIKE", "LOSS_OUTLIER"}
    if not replay["systemic"] and not reaching & set(replay["verdicts"]["candidate"]) and not replay["not_judged"]:
        notes.append(
            "no sample reproduces an instability. If training becomes NaN all the same, suspect the environment: "
            "ZeRO-2's overlap_comm and buckets, the attention backend, the optimizer's state, another checkpoint"
        )
    return notes

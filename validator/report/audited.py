"""The audit on one page of the terminal: what was audited, every reason with its fix, the cost, the answer."""

from __future__ import annotations

import math
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from validator.findings import count, printable
from validator.report.found import STYLES
from validator.report.tables import console_for, indented
from validator.report.verdict import WORDS

TITLES = {"error": "Errors", "warning": "Warnings", "info": "For information"}
_ANSWERS = {"GO": "bold green", "GO WITH WARNINGS": "bold yellow", "NO-GO": "bold red", "UNDECIDED": "bold yellow"}
GIB = 1 << 30


def page(audit: dict[str, Any], out: TextIO) -> None:
    """Print the page."""
    console = console_for(out)
    for label, line in facts(audit):
        console.print(Text(f"{label:<12}{line}"))
    for severity, title in TITLES.items():
        found = [item for item in audit["reasons"] if item["severity"] == severity]
        if found:
            console.print()
            console.print(Text(title, style="bold"))
        for item in found:
            _reason(console, item, severity)
    console.print()
    console.print(Text(answer(audit), style=_ANSWERS[audit["verdict"]]))


def facts(audit: dict[str, Any]) -> list[tuple[str, str]]:
    """What was audited and what it will cost, as labels and lines; a line without a label belongs to the one before."""
    lines = [*_about(audit), *_checkpoints(audit), *_cost(audit.get("cost"))]
    return [(line[:12].strip(), printable(line[12:])) for line in lines]


def answer(audit: dict[str, Any]) -> str:
    """The last line."""
    counts = {severity: sum(item["severity"] == severity for item in audit["reasons"]) for severity in TITLES}
    parts = [count(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    if audit["exit_code"] == 3:
        parts.append("something was not checked")
    return f"{audit['verdict']}: {', '.join(parts)}" if parts else str(audit["verdict"])


def _reason(console: Console, item: dict[str, Any], severity: str) -> None:
    where = item["dataset"]
    if item["file"] is not None:
        where = item["file"] + ("" if item["row"] is None else f" (row {item['row']})")
    line = Text(printable(where), style="bold")
    line.append(f" {item['code']}", style=STYLES[severity])
    line.append(printable(f" {item['message']}"))
    if item["count"] > 1:
        line.append(f" (and {item['count'] - 1:,} more)", style="dim")
    console.print(line)
    console.print(Text(indented(console, printable(f"help: {item['help']}")), style="dim"))


def _about(audit: dict[str, Any]) -> list[str]:
    if "train_config" not in audit:
        return []
    batch = f"{audit['per_device_train_batch_size']} x {audit['gradient_accumulation_steps']}"
    gpus = "" if audit["gpus"] is None else f" on {count(audit['gpus'], 'GPU')}"
    zero = "" if audit["zero_stage"] is None else f", ZeRO-{audit['zero_stage']} ({audit['deepspeed']})"
    frozen = ", ".join(part.replace("_", " ") for part in audit["frozen"]) or "nothing"
    training = audit["training"]
    found = ", ".join(f"{training[outcome]:,} {word}" for outcome, word in WORDS.items() if training[outcome])
    how = f"{audit['finetuning_type']}, {audit['precision']}{zero}, batch {batch}{gpus}"
    lines = [
        f"training    {audit['train_config']}: {how}",
        f"model       {audit['model']}, frozen: {frozen}",
        *([f"            {audit['assumed']}"] if audit.get("assumed") else []),
        f"data        {', '.join(audit['datasets'])}: {count(audit['rows']['total'], 'row')}, {found}",
        f"limits      cutoff_len {audit['cutoff_len']:,}, image_max_pixels {audit['image_max_pixels']:,}",
        f"versions    {', '.join(f'{name} {text}' for name, text in audit['versions'].items()) or 'none known'}",
    ]
    if replay := audit["replay"]:
        verdicts = ", ".join(f"{name} {number}" for name, number in sorted(replay["verdicts"]["candidate"].items()))
        lines.append(f"replay      {replay['model']} on {replay['device']}: {replay['verdict'] or verdicts}")
    else:
        lines.append("replay      not run: ask for it with --replay")
    return lines


def _checkpoints(audit: dict[str, Any]) -> list[str]:
    lines = []
    for item in audit["checkpoints"]:
        speed = item["bytes"] / 1e9 / max(item["seconds"], 0.01)
        finite = "all finite" if not item["not_finite"] else f"{item['not_finite']:,} elements not finite"
        lines.append(
            f"checkpoint  {item['folder']}: {count(item['tensors'], 'tensor')}, {item['bytes'] / 1e9:.2f} GB, "
            f"{finite}, largest {_number(item['largest'])} ({speed:.1f} GB/s)"
        )
        if item["drift"] is not None:
            drift = ", ".join(f"{part.replace('_', ' ')} {_share(value)}" for part, value in item["drift"].items())
            growth = item["attention_growth"]
            grown = "" if growth is None else f"; attention logits at most {growth:.2f} times"
            lines.append(f"            against {item['base']}: largest change {drift}{grown}")
    lines += [f"checkpoint  {said}" for said in audit.get("not_audited", ())]
    return lines


def _number(value: float | None) -> str:
    """A number; in a summary what is infinite is null."""
    return f"{math.inf if value is None else value:.3g}"


def _share(value: float | None) -> str:
    return f"{math.inf if value is None else value:.2%}"


def _cost(cost: dict[str, Any] | None) -> list[str]:
    if not cost or not cost["rows"]:
        return []
    gpus = count(cost["gpus"], "GPU") + ("" if cost["gpus_given"] else " (set the number with --gpus)")
    share = cost["visual_tokens_per_epoch"] / max(cost["tokens_per_epoch"], 1)
    lines = [
        f"cost        {count(cost['rows'], 'row')} and {cost['tokens_per_epoch']:,} tokens per epoch ({share:.0%} "
        f"visual, {count(cost['images_per_epoch'], 'image')}), {cost['steps_per_epoch']:,} steps, {cost['steps']:,} in "
        f"{cost['epochs']:g} epochs on {gpus}"
    ]
    details = []
    if "padding_share" in cost:
        details.append(f"padding {cost['padding_share']:.1%}")
        labels = cost["labels_per_step"]
        details.append(f"label tokens per step: p10 {labels['p10']:,}, p50 {labels['p50']:,}, p90 {labels['p90']:,}")
    details.append(f"{cost['truncated_label_share']:.1%} of the labels are cut off")
    lines.append(f"            {', '.join(details)}")
    worst = cost["worst_batch"]
    where = ", ".join(f"{item['file']} row {item['row']}" for item in worst["rows"])
    line = f"            worst batch {worst['tokens']:,} tokens" + (f" ({where})" if where else "")
    if worst["model"] is not None:
        line += f": about {worst['bytes'] / GIB:.0f} GiB per GPU for {worst['model']}"
        line += f", {worst['state_bytes'] / GIB:.0f} of them weights, gradients and optimizer"
        if worst["fits"] is not None:
            line += f"; {'fits' if worst['fits'] else 'does not fit'} {worst['memory_gib']:g} GiB"
    lines.append(line)
    if worst["model"] is not None:
        lines.append(f"            estimated for {', '.join(worst['assumed'])}")
    if cost["order"] is not None:
        lines.append(f"            the order of rows is not the trainer's: {cost['order']}")
    return lines

"""A row on the terminal, or as plain text where stdout is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from validator.findings import SEVERITIES, clip, count, printable
from validator.report.found import STYLES, location
from validator.report.html.text import Piece
from validator.report.places import Places
from validator.report.tables import indented
from validator.report.viewer.pictures import Protocol, encoded
from validator.report.viewer.rows import ShownRow

BAR = 60
"""Characters of the bar of tokens."""
_SIGNS = {"text": "·", "label": "=", "image": "#", "video": "%"}
_BAD = "bold red"
_OUTCOMES = {"whole": "green", "cut": "yellow", "changed": "yellow", "dropped": "red", "unchecked": "yellow"}


def print_row(console: Console, row: ShownRow, summary: dict[str, Any], base: Path, protocol: Protocol | None) -> None:
    """Print where a row is and what training makes of it; its pictures, turns, tokens and findings. What data hold
    cannot steer a terminal: their control characters are written out.
    """
    card = row.card
    dataset, file, number = card["key"]
    line = Places(summary, [{"dataset": dataset, "file": file, "row": number}]).line(
        {"dataset": dataset, "file": file, "row": number}
    )
    console.print(
        Text.assemble(
            (location(base, dataset, file, number, line), "bold"),
            f"  {clip(dataset)}  ",
            (card["outcome"], _OUTCOMES.get(card["outcome"], _BAD)),
        )
    )
    if card["trainer_error"]:
        console.print(Text(indented(console, f"the trainer: {printable(card['trainer_error'])}"), style="red"))
    if card["note"]:
        console.print(Text(indented(console, f"not read again: {printable(card['note'])}"), style="yellow"))
    for medium in sorted(card["media"], key=lambda one: (one["kind"], one["index"])):
        _medium(console, row, medium, protocol)
    if card["more_media"]:
        console.print(Text(f"  and {card['more_media']:,} more media"))
    _turns(console, card)
    _tokens(console, card)
    for finding in sorted(card["findings"], key=lambda one: SEVERITIES.index(one["severity"])):
        heading = Text(finding["severity"], style=STYLES[finding["severity"]])
        heading.append(printable(f" {finding['code']} {finding['name']}"), style="bold")
        heading.append(" (accepted by the baseline)" * finding["accepted"])
        console.print(heading)
        console.print(Text(indented(console, printable(finding["message"]))))
        console.print(Text(indented(console, printable(f"help: {finding['help']}")), style="dim"))
    if card["more_findings"]:
        console.print(Text(f"and {count(card['more_findings'], 'more finding')}"))
    if not card["findings"]:
        console.print(Text("no findings", style="green"))


def _medium(console: Console, row: ShownRow, medium: dict[str, Any], protocol: Protocol | None) -> None:
    """Its picture where the terminal draws them, then a line: path, size, what it is fed as, tokens, what is wrong."""
    key = medium["kind"], medium["index"]
    if protocol is not None and (picture := row.pictures.get(key)) is not None:
        console.file.write(encoded(picture, protocol))
    parts = []
    if medium["size"]:
        parts.append(f"{medium['size'][0]:,}x{medium['size'][1]:,}")
    if medium["fed"]:
        parts.append(f"fed as {medium['fed'][0]:,}x{medium['fed'][1]:,}")
    if medium["tokens"] is not None:
        parts.append(count(medium["tokens"], "token"))
        if medium["kept"] is not None and medium["kept"] < medium["tokens"]:
            parts.append(f"{medium['tokens'] - medium['kept']:,} of them cut")
    path = row.paths.get(key) or medium["written"]
    line = Text(f"  {medium['kind']} {medium['index']}  ", style="magenta")
    line.append(printable(path[:1000]), style="bold")
    line.append(f"  {', '.join(parts)}" if parts else "")
    if medium["fault"]:
        line.append(f"  {printable(medium['message'] or medium['fault'])}", style=_BAD)
    console.print(line)


def _turns(console: Console, card: dict[str, Any]) -> None:
    for turn in card["turns"]:
        head = Text(printable(turn["role"]), style="bold cyan")
        head.append("" if turn["index"] is None else f" (turn {turn['index']})", style="dim")
        if turn["tokens"] is not None:
            head.append(f"  {count(turn['tokens'], 'token')}", style="dim")
            if turn["kept"] < turn["tokens"]:
                head.append(f", {turn['tokens'] - turn['kept']:,} of them cut", style=_BAD)
        head.append(f"  {' '.join(turn['codes'])}" if turn["codes"] else "", style=_BAD)
        console.print(head)
        _said(console, turn["pieces"])
    if card["more_turns"]:
        console.print(Text(f"  and {count(card['more_turns'], 'more turn')}"))
    if card["raw"]:
        console.print(Text("the row as it is written", style="bold cyan"))
        _said(console, card["raw"])


def _said(console: Console, pieces: list[Piece]) -> None:
    """A text, four characters in; placeholders, special tokens and what cannot be seen stand out."""
    text = Text()
    for piece in pieces:
        shown = printable(piece.text) if piece.kind != "plain" else "\n".join(map(printable, piece.text.split("\n")))
        if piece.kind == "hidden":
            shown = f"[{shown}]"
        elif piece.kind == "left-out":
            shown = f" ... ({shown}) ... "
        text.append(shown, style={"placeholder": "magenta", "special": _BAD, "hidden": _BAD}.get(piece.kind, ""))
    for line in text.split("\n", allow_blank=True):
        width = console.width - 4
        lines = [line] if console.soft_wrap else line.wrap(console, max(width, 20))
        for part in lines:
            console.print(Text.assemble("    ", part))


def _tokens(console: Console, card: dict[str, Any]) -> None:
    """The tokens in the order of the row, a character for each stretch: `x` where the cutoff takes it."""
    budget = card["budget"]
    if budget is None:
        return
    line = Text("tokens ", style="bold cyan")
    for kind, kept in _bar(budget):
        line.append(_SIGNS[kind] if kept else "x", style=_BAD if not kept else "")
    console.print(line)
    sums = ", ".join(
        f"{_SIGNS[kind]} {'learned text' if kind == 'label' else kind} {number:,}"
        for kind, number in budget["sums"].items()
    )
    cut = f", x cut {budget['cut']:,}" if budget["cut"] else ""
    console.print(Text(f"    {budget['total']:,} in all: {sums}{cut}"))


def _bar(budget: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Of BAR equal stretches of the row, what most of each is, and whether it is kept."""
    blocks = budget["blocks"]
    at = 0
    for stretch in range(BAR):
        middle = 1000 * (stretch + 0.5) / BAR
        while at + 1 < len(blocks) and blocks[at]["left"] + blocks[at]["width"] <= middle:
            at += 1
        block = blocks[at]
        yield block["kind"], middle < block["left"] + block["width"] - block["lost"]

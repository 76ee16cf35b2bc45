"""How the processor time of commands grows with the rows: three sizes, and the exponent between the last two."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.benchmarks.command import ENDED, TOOL, check, serial
from scripts.benchmarks.data import ENTRY
from scripts.benchmarks.process import CommandError, cost_of
from scripts.benchmarks.scale import Scale
from scripts.benchmarks.table import Line, machine, markdown_table

ENTRIES = (100, 400, 1_600)
MEGABYTES = (1.5, 6.0, 25.0)
COLUMNS = {"messages": "messages"}


def growth(scale: Scale) -> Iterator[Line]:
    """Commands on rows with three findings each, entries that share rows, and one long text."""
    with tempfile.TemporaryDirectory(prefix="mmvalidate-growth-") as name:
        home = Path(name)
        yield from _of_rows(home, scale.growth_rows)
        few = scale.growth_rows[-1] < 320_000
        entries = [number // 20 for number in ENTRIES] if few else ENTRIES
        yield _line("check, N entries that share 50 rows", entries, _each(entries, home, _shared))
        sizes = [size / 20 for size in MEGABYTES] if few else MEGABYTES
        yield _line("check, one text of so many megabytes", sizes, _each(sizes, home, _long_text))


def growth_section(lines: Sequence[Line]) -> str:
    """The section of docs/benchmarks.md that holds these lines."""
    rows = [(line.what.removeprefix("growth: "), *line.measured.partition("; exponent ")[::2]) for line in lines]
    table = markdown_table([("what", "size: processor time", "exponent"), ("---", "---", "--:"), *rows])
    how = "Command: `python -m scripts.bench --only growth`. The exponent is that of the last two sizes."
    return f"## Growth, as last measured\n\n{machine()}. {how}\n\n{table}"


def _of_rows(home: Path, sizes: Sequence[int]) -> Iterator[Line]:
    seconds: dict[str, list[float]] = {}
    for rows in sizes:
        folder = home / str(rows)
        registry = flagged(folder, rows)
        run, again, copy, baseline = (str(folder / word) for word in ("run", "again", "copy", "baseline.json"))
        judging = ("rejudge", run, "--run-dir", again, "--cutoff-len", "4096", "--fail-on", "warning")
        seconds.setdefault("check", []).append(check(registry, *serial(), folder=Path(run)).processor)
        for what, arguments in {
            "rejudge": judging[:6],
            "baseline write": (*judging, "--write-baseline", baseline),
            "baseline compare": (*judging, "--baseline", baseline),
            "export --fix, every row kept": ("export", run, "--to", copy, "--fix", "--keep", "PH004"),
        }.items():
            seconds.setdefault(what, []).append(_cost(*arguments))
        with (folder / "rows.jsonl").open("a", encoding="utf-8") as file:
            file.write(_row(rows))
        seconds.setdefault("check, one row appended", []).append(check(registry, *serial(), folder=Path(run)).processor)
        shutil.rmtree(folder)
    for what, found in seconds.items():
        yield _line(f"{what}, rows with three findings", sizes, found)


def flagged(folder: Path, rows: int) -> Path:
    """The registry of short rows of text with three findings each: two special tokens, and an answer without text."""
    folder.mkdir(parents=True)
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(map(_row, range(rows)))
    return _registry(folder, ["flagged"])


def _row(number: int) -> str:
    turns = [f"question {number} <|im_end|>", "", f"again <|im_start|> {number}", f"answer {number}"]
    roles = ("user", "assistant") * 2
    messages = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]
    return json.dumps({"id": f"row-{number}", "messages": messages}) + "\n"


def _registry(folder: Path, names: Sequence[str]) -> Path:
    registry = folder / "dataset_info.json"
    registry.write_text(json.dumps({name: {**ENTRY, "columns": COLUMNS} for name in names}))
    return registry


def _shared(folder: Path, number: float) -> Path:
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for row in range(50):
            texts = {"user": f"question {row}", "assistant": f"answer {row}"}
            messages = [{"role": role, "content": text} for role, text in texts.items()]
            file.write(json.dumps({"messages": messages}) + "\n")
    return _registry(folder, [f"entry_{index}" for index in range(int(number))])


def _long_text(folder: Path, megabytes: float) -> Path:
    words = "the quick brown fox jumps over the lazy dog, and then again; "
    text = words * int(megabytes * 1e6 / len(words))
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "yes"}]
    (folder / "rows.jsonl").write_text(json.dumps({"messages": messages}) + "\n", encoding="utf-8")
    return _registry(folder, ["long"])


def _each(sizes: Sequence[float], home: Path, make: Callable[[Path, float], Path]) -> list[float]:
    found = []
    for size in sizes:
        folder = home / f"{make.__name__}-{size}"
        folder.mkdir()
        found.append(check(make(folder, size), *serial()).processor)
        shutil.rmtree(folder)
    return found


def _cost(*arguments: str) -> float:
    """Processor time of a command; NaN where it fails, which is shown and ends nothing."""
    try:
        return cost_of((*TOOL, *arguments, "-q"), accepted=ENDED).processor
    except CommandError as error:
        print(error, file=sys.stderr)
        return math.nan


def _line(what: str, sizes: Sequence[float], seconds: Sequence[float]) -> Line:
    exponent = math.log(seconds[-1] / seconds[-2]) / math.log(sizes[-1] / sizes[-2])
    shown = ", ".join(f"{size:,g}: {cost:.1f} s" for size, cost in zip(sizes, seconds, strict=True))
    return Line(f"growth: {what}", "reported", f"{shown}; exponent {exponent:.2f}")

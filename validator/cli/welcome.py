"""What `mmvalidate` alone prints: what to do next, here."""

from __future__ import annotations

import shlex
from pathlib import Path

from validator import __version__
from validator.findings import printable
from validator.run_folder.choose import latest
from validator.run_folder.mark import summary_of

_DATA = ("jsonl", "parquet")
"""What nearly always holds rows; .json, .csv and .txt may be anything."""
SHOWN = 3
"""Registries and runs that are named."""


def welcome(folder: Path) -> str:
    """The first screen for somebody who stands in a folder."""
    lines = [f"mmvalidate {__version__}: finds the rows that break multimodal fine-tuning before the GPUs are on.", ""]
    steps: list[tuple[str, str]] = []
    registries = _registries(folder)
    steps += [(f"mmvalidate {shlex.quote(str(path))}", "check it as LLaMA-Factory will read it") for path in registries]
    steps += [
        (f"mmvalidate init {shlex.quote(name)}", "write the dataset_info.json for it")
        for name in ([] if registries else _data(folder))
    ]
    if not registries:
        steps.append(("mmvalidate DATA/dataset_info.json", "check it as LLaMA-Factory will read it"))
    for run, verdict in _runs(folder):
        steps.append(
            (
                f"mmvalidate report {shlex.quote(str(run))} --report html=report.html",
                f"look at that run again: it {verdict}",
            )
        )
        steps.append((f"mmvalidate export {shlex.quote(str(run))} --to clean", "a copy without the rows that fail"))
    steps += [
        ("mmvalidate rules", "all rules"),
        ("mmvalidate rule PH001", "one rule: what it finds, why it matters, what to do"),
        ("mmvalidate --help", "all commands; mmvalidate COMMAND --help lists their options"),
    ]
    for command, words in steps:
        lines += [f"  {printable(command)}", f"      {words}"]
    return "\n".join(lines)


def _registries(folder: Path) -> list[Path]:
    found = [folder / "dataset_info.json", *sorted(folder.glob("*/dataset_info.json"))]
    return [path.relative_to(folder) for path in found if path.is_file()][:SHOWN]


def _data(folder: Path) -> list[str]:
    """A file of rows in the folder, where there is one."""
    names = sorted(path.name for ending in _DATA for path in folder.glob(f"*.{ending}") if path.is_file())
    return names[:1]


def _runs(folder: Path) -> list[tuple[Path, str]]:
    """The run that finished last in .mmvalidate, with what it came to; none where there is no sound one."""
    run = latest(folder)
    if run is None or (summary := summary_of(run)) is None:
        return []
    verdict = str(summary.get("verdict"))
    words = {"unchecked": "is incomplete", "nothing to check": "had nothing to check"}
    return [(run.relative_to(folder), words.get(verdict, verdict))]

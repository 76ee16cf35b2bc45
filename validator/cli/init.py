"""`mmvalidate init DATA...`: write the dataset_info.json for data files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from validator.cli.command import make
from validator.cli.common import VERBOSE, PlainFormat, guarded, tell, usage

if TYPE_CHECKING:
    from validator.catalog.recognise.proposal import Proposal

REGISTRY = "dataset_info.json"


def init(
    data: list[str] = typer.Argument(help="Data files, or folders of them."),
    to: Path | None = typer.Option(
        None,
        help="The dataset_info.json to write or to extend, or its folder. Default: next to the data.",
        show_default=False,
    ),
    name: str | None = typer.Option(
        None, help="The entry's name. Default: the file's, without its ending.", show_default=False
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Print the entries and write nothing."),
    output_format: PlainFormat = typer.Option(PlainFormat.text, help="What to print on stdout."),
    verbose: VERBOSE = False,
) -> None:
    """Write the dataset_info.json for data files, whose format is recognised from some of their rows.

    What is uncertain is printed. Existing entries stay unchanged. Exit code 0 if the
    entries are written, 2 if data is not recognised, 3 if the file cannot be written.
    """

    def work() -> int:
        from validator.catalog.recognise.proposal import propose
        from validator.catalog.recognise.sources import sources_of
        from validator.catalog.registry_text import extended
        from validator.writing import write_whole

        try:
            sources = [source for path in data for source in sources_of(path)]
            if name is not None and (len(sources) != 1 or not name.strip() or "," in name):
                raise ValueError("--name is for one entry and must not contain a comma.")
            registry = sources[0].home / REGISTRY if to is None else to / REGISTRY if os.path.isdir(to) else to
            found = propose(sources, registry, name)
            entries = {proposal.name: proposal.entry for proposal in found}
            content = b"" if dry_run else extended(registry, entries)
        except ValueError as error:
            usage(error)
        if not dry_run:
            try:
                write_whole(registry, content)
            except OSError as error:
                raise OSError(f"{registry} cannot be written: {error.strerror or error}") from None
        (_print_json if output_format is PlainFormat.json else _print)(found, registry, written=not dry_run)
        return 0

    raise typer.Exit(guarded(work, verbose, "init", "nothing is written"))


def _print(found: Sequence[Proposal], registry: Path, *, written: bool) -> None:
    for proposal in found:
        tell(f"{proposal.data}: {proposal.holds}")
        for doubt in proposal.doubts:
            tell(f"not sure: {doubt}")
    if not written:
        print(_dumped({proposal.name: proposal.entry for proposal in found}))
        return
    names = ", ".join(f"`{proposal.name}`" for proposal in found)
    tell(f"wrote {registry}: {'entry' if len(found) == 1 else 'entries'} {names}")
    tell(f"next: {_next(found, registry)}")


def _print_json(found: Sequence[Proposal], registry: Path, *, written: bool) -> None:
    entries = {proposal.name: proposal.entry for proposal in found}
    doubts = {proposal.name: proposal.doubts for proposal in found}
    print(
        _dumped(
            {
                "dataset_info": str(registry),
                "written": written,
                "entries": entries,
                "doubts": doubts,
                "next": _next(found, registry),
            }
        )
    )


def _dumped(value: object) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _next(found: Sequence[Proposal], registry: Path) -> str:
    """The command that checks what was written."""
    words = ["mmvalidate", str(registry)]
    folders = {proposal.media_dir for proposal in found}
    if len(folders) == 1 and (folder := next(iter(folders))) is not None:
        words += ["--media-dir", folder]
    if all(proposal.swift for proposal in found):
        words += ["--trainer", "ms-swift"]
    if any(proposal.is_hub for proposal in found):
        words += [word for proposal in found for word in ("--dataset", proposal.name)]
    return shlex.join(words)


COMMAND = make("init", init)

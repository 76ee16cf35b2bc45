"""`mmvalidate export RUN --to DIR`: a filtered copy of the dataset."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

import typer

from validator.cli.command import make
from validator.cli.common import QUIET, RUN, VERBOSE, PlainFormat, guarded, say, the_run, usage, words
from validator.cli.completing import codes
from validator.cli.place import place_of
from validator.cli.trust import TRUST_RUN, rules_for_run


class DropOn(str, Enum):
    """The least severity that keeps a row out."""

    error = "error"
    warning = "warning"
    info = "info"


class Media(str, Enum):
    """What becomes of images and videos."""

    link = "link"
    copy = "copy"
    reference = "reference"


def export(
    run: RUN = None,
    to: Path = typer.Option(..., "--to", help="A new folder for the copy."),
    drop_on: DropOn = typer.Option(DropOn.error, help="Lowest severity of a finding that leaves a row out."),
    drop: list[str] = typer.Option(
        [], help="Rules that leave rows out whatever their severity (repeatable, commas).", autocompletion=codes
    ),
    keep: list[str] = typer.Option(
        [], help="Rules that never leave a row out (repeatable, commas).", autocompletion=codes
    ),
    keep_unchecked: bool = typer.Option(False, "--keep-unchecked", help="Also export rows that were not checked."),
    fix: bool = typer.Option(False, "--fix", help="Repair what is unambiguous; each repair is listed."),
    boxes_are: list[str] = typer.Option(
        [],
        help="What --fix takes boxes and points to be, where that is not certain: pixels (of the stored image), "
        "0-1000, 0-1 or fed (pixels of the image as it is fed); DATASET=SYSTEM for one dataset (repeatable).",
    ),
    rules: list[Path] = typer.Option([], help="A Python file with rules of your own (repeatable)."),
    trust: TRUST_RUN = None,
    media: Media = typer.Option(
        Media.link, help="link: hard links below the copy; copy: files of their own; reference: left where they are."
    ),
    check: bool = typer.Option(True, "--check/--no-check", help="Check the finished copy."),
    run_dir: Path | None = typer.Option(
        None, help="Run folder of that check. Default: .mmvalidate/<copy's name>, or one next to it."
    ),
    workers: int | None = typer.Option(
        None, help="Worker processes for that check; 0: one process.", min=0, show_default=False
    ),
    output_format: PlainFormat = typer.Option(PlainFormat.text, help="What to print on stdout."),
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Write a copy of the dataset without the rows that fail.

    Rows that are left out are listed with their reasons (dropped.jsonl) and kept separately (quarantine/). The
    original is never changed.
    """

    folder = the_run(run)

    def work() -> int:
        from validator.api.check import check as checked
        from validator.engine.run_files.finished import FinishedRun
        from validator.execution import Execution
        from validator.exporting.export import export as write
        from validator.exporting.policy import make_policy
        from validator.exporting.registry_file import name_of
        from validator.report.progress import StderrProgress

        try:
            finished = FinishedRun.whole(folder)
            _check_apart(folder, to / name_of(finished.settings.dataset_info), run_dir)
            policy = make_policy(drop_on.value, words(drop), words(keep), finished.plugins, keep_unchecked)
            given = rules_for_run(finished, rules, trust)
            judging = finished.rules_to_run(given) if check or fix else given or ()
            with StderrProgress(quiet=quiet) as progress:
                done = write(
                    finished,
                    to,
                    policy,
                    media.value,
                    fix=fix,
                    boxes_are=words(boxes_are),
                    rules=judging,
                    progress=progress,
                )
        except ValueError as error:
            usage(error)
        if done.replaced:
            say(f"{to} held an unfinished export: it was replaced")
        kept = sum(item["kept"] for item in done.record["datasets"])
        summary = None
        if check and kept:
            place, execution = place_of(done.settings, run_dir), Execution(workers=workers)
            summary = checked(done.settings, run_dir=place, execution=execution, progress=not quiet).summary
        if output_format is PlainFormat.json:
            from validator.report.json_document import dump

            dump({"export": done.record, "check": summary}, sys.stdout)
        else:
            from validator.report.exported import exported

            exported(done.record, finished.data, to, summary, sys.stdout)
        if not kept:
            return 5
        return 0 if summary is None else int(summary["exit_code"])

    raise typer.Exit(guarded(work, verbose, "the export", "an unfinished copy is removed, a finished one stays"))


def _check_apart(run: Path, copy: Path, run_dir: Path | None) -> None:
    """Raise ValueError where the check of the copy would take the place of a run of other data, as the exported one."""
    from validator.run_folder.choose import replaced
    from validator.run_folder.mark import check_usable

    if run_dir is None:
        return
    if run_dir.resolve() == run.resolve():
        raise ValueError(f"--run-dir {run_dir} is the run that is exported: name another folder for the copy's check.")
    check_usable(run_dir)
    if replaced(run_dir, str(copy)) is not None:
        raise ValueError(f"--run-dir {run_dir} holds a run of other data: name another folder for the copy's check.")


COMMAND = make("export", export)

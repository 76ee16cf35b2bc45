"""`mmvalidate`: `mmvalidate DATASET_INFO` is short for `mmvalidate check DATASET_INFO`."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from validator import __version__
from validator.cli import audit, check, clean, rejudge, replay, rule, watch


class _CheckByDefault(TyperGroup):
    """Takes `check` for granted where the first word is no command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h", "--version"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_CheckByDefault,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds the rows that break multimodal fine-tuning before the GPUs are switched on.\n\n"
    "`mmvalidate DATASET_INFO [OPTIONS]` checks; its options: `mmvalidate check --help`.\n\n"
    "Exit codes: 0 passed, 1 findings, 2 bad usage, 3 incomplete, 5 nothing to check.",
)
app.command("check")(check.check)
app.command("rejudge")(rejudge.rejudge)
app.command("audit")(audit.audit)
app.command("watch")(watch.watch)
app.command("clean")(clean.clean)
app.command("replay")(replay.replay)
app.command("rule")(rule.rule)
app.command("rules")(rule.rules)


def _print_version(value: bool) -> None:
    if value:
        print(f"mmvalidate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    del version


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):  # dataset text may hold what the terminal's encoding cannot show
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except BrokenPipeError:  # `mmvalidate ... | head`
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()

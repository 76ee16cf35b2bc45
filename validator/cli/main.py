"""`mmvalidate`: `mmvalidate DATASET_INFO` is short for `mmvalidate check DATASET_INFO`."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import typer

from validator import __version__
from validator.cli.command import LazyGroup
from validator.cli.config_file import find, read
from validator.cli.mistakes import UsageError, no_command, sentence
from validator.cli.welcome import welcome
from validator.findings import printable

COMMANDS = {
    "check": "Check datasets as the trainer would read them.",
    "init": "Write the dataset_info.json for data files, whose format is recognised from some of their rows.",
    "plan": "Predict a finished run under other limits, or other models: rows that stop, cut and whole ones, tokens.",
    "rejudge": "Judge a finished run again under other limits.",
    "audit": "Judge data, training configuration and checkpoint together: GO, GO WITH WARNINGS or NO-GO.",
    "watch": "Find hidden NaN, abnormal gradient norms and losses at ln V in training logs; name the rows fed.",
    "export": "Write a copy of the dataset without the rows that fail.",
    "tokenize": "Write the rows of a finished run as its trainer would preprocess them.",
    "diff": "Compare two runs: what is new, what is gone.",
    "clean": "Remove cached files of runs; results stay, unless --all is given.",
    "replay": "Replay the worst rows of a finished run on a model.",
    "view": "Show one row: its pictures, turns, tokens, what is cut, its findings.",
    "report": "Write a finished run in other formats, without judging it again.",
    "config": "Show the settings in force and where each comes from.",
    "rule": "Explain one rule.",
    "rules": "List all rules.",
}
"""The first sentences of their help, so that the list of commands loads none (tests/cli/test_terminal.py)."""


class _CheckByDefault(LazyGroup):
    """Takes `check` for granted where the first word is no command; alone it says what can be done."""

    lazy = COMMANDS

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            args = _alone(ctx)
        elif args and args[0] not in COMMANDS and args[0] not in _OWN:
            if not args[0].startswith("-") and (error := no_command(args[0], COMMANDS)) is not None:
                raise error
            args = ["check", *args]
        return super().parse_args(ctx, args)


_INTERRUPTED = 130
"""What typer's newer versions make of an interruption that comes before a command has begun; older ones abort."""
_OWN = ("--help", "-h", "--version", "--install-completion", "--show-completion")


def _alone(context: Any) -> list[str]:
    """Check what a settings file names; without one, print the first screen and exit with 2: a word is missing."""
    if (path := find()) is not None:
        from validator.cli.check import check
        from validator.cli.config_keys import config_model

        try:
            if {"dataset_info", "train_config"} & read(path, config_model(check))[0].keys():
                return ["check"]
        except ValueError:
            return ["check"]  # which says what is wrong with it
    print(welcome(Path.cwd()))
    context.exit(2)
    raise AssertionError


app = typer.Typer(
    cls=_CheckByDefault,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds the rows that break multimodal fine-tuning before the GPUs are switched on.\n\n"
    "`mmvalidate DATASET_INFO [OPTIONS]` checks; its options: `mmvalidate check --help`.\n\n"
    "Exit codes: 0 passed, 1 findings, 2 bad usage, 3 incomplete, 5 nothing to check.",
)


def _print_version(value: bool) -> None:
    if value:
        print(f"mmvalidate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    del version


def _on_request_to_end() -> None:
    """SIGTERM and SIGHUP end a command as Ctrl-C does. What `nohup` has had ignored stays so."""

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # what is being tidied up is not interrupted by the same again
        raise KeyboardInterrupt(signal.Signals(number).name)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def main() -> None:
    """Run the command of sys.argv. Raises SystemExit."""
    _on_request_to_end()
    for stream in (sys.stdout, sys.stderr):  # dataset text may hold what the terminal's encoding cannot show
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = typer.main.get_command(app).main(prog_name="mmvalidate", standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
    except UsageError as error:
        for line in sentence(error).splitlines():
            print(f"mmvalidate: {printable(line)}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        print("mmvalidate: interrupted", file=sys.stderr)
        sys.exit(3)
    except BrokenPipeError:  # `mmvalidate ... | head`
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:  # a fault of ours: 1, Python's own code, would say that there are findings
        print(_internal(error), file=sys.stderr)
        sys.exit(3)
    sys.exit(code)


def _internal(error: Exception) -> str:
    """An error that no command has foreseen, as it is printed."""
    if {"--verbose", "-v"} & set(sys.argv):
        return "".join(traceback.format_exception(error)).rstrip()
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"mmvalidate: internal error: {type(error).__name__}: {printable(str(error))} ({where})"


def command() -> None:
    """Entry point of the console script. Ends without taking the interpreter apart: to free the vocabulary's maps one
    by one takes a tenth of a second.
    """
    os.environ.setdefault("PYTHONSAFEPATH", "1")  # of Dask's processes: no modules from the working folder
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    else:
        code = 0
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = 141
    os._exit(code)


if __name__ == "__main__":
    command()

"""Errors of use, said in one voice: what is wrong, what was probably meant, where the options are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from validator.nearest import did_you_mean

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""The command-line library's own, of which typer exports only children."""
_POSSIBLE = re.compile(r"\s*\(Possible options: [^)]*\)|\s*Did you mean .*\?")
_HINTS = {
    "code": "`mmvalidate rules` lists them.",
    "run": "Give the folder of a finished run: .mmvalidate/NAME.",
    "run_a": "Give two folders of finished runs, the earlier one first.",
    "dataset_info": "Give the trainer's dataset_info.json.",
}


_MEANT = {"explain": "rule", "show": "view", "row": "view", "compare": "diff", "lint": "check", "validate": "check"}
"""Words of other tools, and our commands of the same meaning."""


def no_command(word: str, commands: Iterable[str]) -> Exception | None:
    """The error for a first word that is neither a command nor anything like a path; None where it may be a path."""
    if re.search(r"[/\\.:]", word) or Path(word).exists():
        return None
    meant = _MEANT.get(word.lower())
    guess = f" Did you mean {meant}?" if meant else did_you_mean(word, commands)
    guess = guess or " `mmvalidate --help` lists the commands."
    return UsageError(f"{word} is neither a command nor a file.{guess}")


def sentence(error: Any) -> str:
    """An error of use as it is printed."""
    context = getattr(error, "ctx", None)
    message: str = error.format_message().replace("Value error, ", "").strip()
    param = getattr(error, "param", None)
    if option := getattr(error, "option_name", None):
        message = _POSSIBLE.sub("", message).rstrip(".") + "." + did_you_mean(option, _options(context))
    elif written := re.search(r"'([^']*)' is not one of (.*)", message):
        message += did_you_mean(written[1], re.findall(r"'([^']*)'", written[2]))
    elif message.startswith("Missing argument"):
        name = str(getattr(param, "name", ""))
        message = f"{name.upper()} is missing. {_HINTS.get(name, '')}".strip()
    if context is None or context.parent is None:
        return message
    return f"{message}\n`{context.command_path} --help` lists the options."


def _options(context: Any) -> list[str]:
    names: list[str] = []
    while context is not None:
        names += [name for param in context.command.params for name in (*param.opts, *param.secondary_opts)]
        context = context.parent
    return names

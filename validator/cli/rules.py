"""`mmvalidate rules`."""

from __future__ import annotations

from pathlib import Path

import typer

from validator.cli.command import make
from validator.cli.common import usage


def rules(
    rules: list[Path] = typer.Option([], help="A Python file with rules of your own (repeatable)."),
) -> None:
    """List all rules."""
    from validator.rules.registry import known_rules

    try:
        known = known_rules(rules)
    except ValueError as error:
        usage(error)
    for found in known:
        print(f"{found.code}  {found.severity:<7}  {found.name:<32}  {found.summary}")


COMMAND = make("rules", rules)

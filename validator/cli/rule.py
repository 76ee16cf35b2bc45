"""`mmvalidate rule CODE`."""

from __future__ import annotations

from pathlib import Path

import typer

from validator.cli.command import make
from validator.cli.common import usage
from validator.cli.completing import codes


def rule(
    code: str = typer.Argument(help="A code (PH001) or a name (placeholder-count-mismatch).", autocompletion=codes),
    rules: list[Path] = typer.Option([], help="A Python file with rules of your own (repeatable)."),
) -> None:
    """Explain one rule."""
    from validator.rules.registry import find_rule, known_rules

    try:
        found = find_rule(code, known_rules(rules))
    except ValueError as error:
        usage(error)
    print(f"# {found.code} {found.name} ({found.severity})\n\n{found.doc.strip()}")


COMMAND = make("rule", rule)

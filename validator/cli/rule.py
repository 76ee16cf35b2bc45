"""`mmvalidate rule CODE` and `mmvalidate rules`."""

from __future__ import annotations

import sys

import typer


def rule(code: str = typer.Argument(help="A code (PH001) or a name (placeholder-count-mismatch).")) -> None:
    """Explain one rule."""
    from validator.rules.registry import find_rule

    try:
        found = find_rule(code)
    except ValueError as error:
        print(f"mmvalidate: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    print(f"# {found.code} {found.name} ({found.severity})\n\n{found.doc.strip()}")


def rules() -> None:
    """List all rules."""
    from validator.rules.registry import all_rules

    for found in all_rules():
        print(f"{found.code}  {found.severity:<7}  {found.name:<32}  {found.summary}")

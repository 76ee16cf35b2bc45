"""What the shell offers for a word that is being typed. Nothing of weight is imported: it must answer at once."""

from __future__ import annotations

import os
import pkgutil
from pathlib import Path

import validator.rules
from validator.json_text import parse_json
from validator.named_file import read_named


def codes(incomplete: str) -> list[str]:
    """Codes of our rules; after a comma, the next one."""
    before, comma, word = incomplete.rpartition(",")
    names = (module.name for module in pkgutil.iter_modules(validator.rules.__path__))
    known = sorted(name[:5].upper() for name in names if name[2:5].isdigit())
    return [f"{before}{comma}{code}" for code in known if code.startswith(word.upper())]


def runs(incomplete: str) -> list[str]:
    """Finished runs in .mmvalidate."""
    found = sorted(str(path.parent) for path in Path(".mmvalidate").glob("*/summary.json"))
    return [run for run in found if run.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """Entries of the registry that is named on the line. An unfinished option hides what was parsed, so the line itself
    is looked at, as the shell hands it over (typer: COMP_WORDS in bash, _TYPER_COMPLETE_ARGS elsewhere).
    """
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    registry = next((word for word in line.split() if word.endswith(".json")), "")
    try:
        content = parse_json(read_named(Path(registry), 16 << 20))
    except (OSError, ValueError):
        return []
    return [name for name in content if name.startswith(incomplete)] if isinstance(content, dict) else []

"""Rules that are not ours: of installed packages (entry point group `mmvalidate.rules`) and of files (`--rules`).

A module is a plug-in if it holds rules, under whatever names. Every process that checks rows loads the same files. What
is run is what is read: no compiled file that lies beside takes its place.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from validator.errors import RuleError
from validator.named_file import read_named
from validator.rules.base import CorpusCheck, Rule

_SLUG = re.compile(r"[a-z]+(-[a-z]+)*")

_CODE = re.compile(r"[A-Z]{2}\d{3}")

OURS = frozenset(["DI", "CV", "PH", "MD", "IM", "VD", "TK", "LB", "DU", "CF", "CK", "RP", "XX"])
"""Families of codes that no plug-in may use: ours grow."""
GROUP = "mmvalidate.rules"
MOST_BYTES = 16 << 20
"""Of a file of rules."""


@cache
def installed_rules() -> tuple[Rule, ...]:
    """The rules of installed packages. Raises ValueError where one cannot be loaded."""
    found: list[Rule] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.name
        try:
            module = point.load()
        except Exception as error:
            raise ValueError(f"The rules of {package} cannot be loaded: {type(error).__name__}: {error}.") from None
        found += _rules_in(module, package, package)
    return tuple(found)


def rules_of_file(path: Path) -> tuple[Rule, ...]:
    """The rules in a Python file. Raises ValueError where it cannot be read or run, or holds none."""
    try:
        source = read_named(path, MOST_BYTES)
    except OSError as error:
        raise ValueError(f"The rules of {path} cannot be read: {error.strerror}.") from None
    if path.suffix != ".py":
        raise ValueError(f"{path} is not a Python file: its name must end in .py.")
    return run_rules(path, source)


@cache
def run_rules(path: Path, source: bytes) -> tuple[Rule, ...]:
    """The rules of a Python file of this text, which is run once a process. Raises ValueError where it fails."""
    digest = hashlib.sha256(source).hexdigest()
    name = f"mmvalidate_rules_{digest}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # rules find their documentation there, pydantic the types of aggregates
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"The rules of {path} cannot be loaded: {type(error).__name__}: {error}.") from None
    return tuple(_rules_in(module, str(path), digest))


def _rules_in(module: ModuleType, source: str, origin: str) -> Iterator[Rule]:
    rules = [value for value in vars(module).values() if isinstance(value, Rule)]
    if not rules:
        raise ValueError(f"{source} contains no rule: make one with row_rule or corpus_rule.")
    for rule in {rule.code: rule for rule in rules}.values():  # a rule may have two names
        if not _CODE.fullmatch(rule.code) or rule.family in OURS:
            raise ValueError(
                f"{source}: the code {rule.code} is not for a plug-in. Take two capital letters and three digits; "
                f"{', '.join(sorted(OURS))} are ours."
            )
        if not _SLUG.fullmatch(rule.name):
            raise ValueError(f"{source}: the name {rule.name} of {rule.code} must be small letters and hyphens.")
        if rule.row is None and rule.corpus is None:
            raise ValueError(f"{source}: {rule.code} is about neither rows nor entries.")
        yield _guarded(replace(rule, origin=origin, source=source), source)


def _guarded(rule: Rule, source: str) -> Rule:
    """The rule with every failure in it named: it must not look like one of ours, nor lose a row."""

    def named(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
                raise RuleError(f"the rule {rule.code} of {source} failed: {what}") from error

        return call

    def speaking(function: Callable[..., Iterable[Any] | None]) -> Callable[..., Any]:
        return named(lambda *arguments: iter(list(function(*arguments) or ())))

    if rule.corpus is None:
        assert rule.row is not None
        return replace(rule, row=speaking(rule.row))
    check = rule.corpus
    return replace(
        rule,
        corpus=CorpusCheck(
            speaking(check.finish),
            check.start,
            check.fold and named(check.fold),
            check.merge and named(check.merge),
            check.kind or check.start,
            check.shared and f"{rule.origin}:{check.shared}",
            check.needs,
            check.finish_run and speaking(check.finish_run),
        ),
    )

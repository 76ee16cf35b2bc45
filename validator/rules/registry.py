"""All rules, ours found by file name, and the choice among them."""

from __future__ import annotations

import difflib
import pkgutil
import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

import validator.rules
from validator.rules.base import Rule
from validator.rules.plugins import installed_rules, rules_of_file
from validator.settings import Settings

_MODULE = re.compile(r"[a-z]{2}\d{3}_\w+")
_DEPTHS = ("header", "fast", "full")
_LATER = {"RP": "needs --replay", "CF": "needs --train-config", "CK": "needs mmvalidate audit"}
"""Families that judge something else than rows, and what gives it to them."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of ours, in the order of codes."""
    names = [module.name for module in pkgutil.iter_modules(validator.rules.__path__) if _MODULE.fullmatch(module.name)]
    rules = [import_module(f"validator.rules.{name}").RULE for name in names]
    return tuple(sorted(rules, key=lambda rule: rule.code))


def known_rules(files: Sequence[Path] = ()) -> tuple[Rule, ...]:
    """Our rules, those of installed packages and those of some files, in the order of codes.

    Raises ValueError where they cannot be loaded or two have the same code or name.
    """
    known: dict[str, Rule] = {}
    others = [*installed_rules(), *(rule for file in files for rule in rules_of_file(file))]
    for rule in (*all_rules(), *others):
        for key in (rule.code, rule.name):
            if key in known:
                raise ValueError(f"Two rules are called {key}. Change that of the plug-in.")
            known[key] = rule
    return tuple(sorted({rule.code: rule for rule in known.values()}.values(), key=lambda rule: rule.code))


def find_rule(word: str, files: Sequence[Path] = ()) -> Rule:
    """A rule by code or name. Raises ValueError with the nearest match."""
    known = {key: rule for rule in known_rules(files) for key in (rule.code, rule.name)}
    rule = known.get(word.upper()) or known.get(word.lower())
    if rule is None:
        close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
        raise ValueError(f"There is no rule {word}." + (f" Did you mean {close[0]}?" if close else ""))
    return rule


def choose_rules(settings: Settings) -> tuple[tuple[Rule, ...], tuple[tuple[Rule, str], ...]]:
    """The rules that run, and those that do not with the reason. Raises ValueError on an unknown code, and where rules
    cannot be loaded.
    """
    known = known_rules(settings.rules)
    for word in (*settings.select, *settings.ignore):
        if word != "ALL" and not any(_matches(rule, word) for rule in known):
            find_rule(word, settings.rules)
    chosen, left_out = [], []
    for rule in known:
        if reason := _reason_left_out(rule, settings):
            left_out.append((rule, reason))
        else:
            chosen.append(rule)
    return tuple(chosen), tuple(left_out)


def _reason_left_out(rule: Rule, settings: Settings) -> str | None:
    if settings.select and not any(_matches(rule, word) for word in settings.select):
        return "not selected"
    if any(_matches(rule, word) for word in settings.ignore):
        return "ignored"
    if settings.trainer not in rule.trainers:
        return f"not for the trainer {settings.trainer}"
    if _DEPTHS.index(settings.integrity) < _DEPTHS.index(rule.depth):
        return f"needs --integrity {rule.depth}"
    if rule.option is not None and not getattr(settings, rule.option):
        return f"needs --{rule.option.replace('_', '-')}"
    return _LATER.get(rule.family)


def later_rules(family: str, settings: Settings | None = None) -> tuple[Rule, ...]:
    """The rules of a family that judges no rows (RP, CF, CK), those that the settings choose where there are some."""
    own = (rule for rule in all_rules() if rule.family == family)
    return tuple(rule for rule in own if settings is None or _reason_left_out(rule, settings) == _LATER[family])


def replay_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules on replayed samples that the settings choose."""
    return later_rules("RP", settings)


def _matches(rule: Rule, word: str) -> bool:
    return word == "ALL" or rule.code.startswith(word.upper()) or rule.name == word.lower()

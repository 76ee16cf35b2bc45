"""All rules, ours found by file name, and the choice among them."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import validator.rules
from validator.findings import Severity
from validator.nearest import did_you_mean
from validator.rules.base import Rule
from validator.rules.plugins import installed_rules, rules_of_file
from validator.rules.scope import feeding_whole, holds, masking, pairing
from validator.settings import Settings
from validator.trainers.base import Trainer

_MODULE = re.compile(r"[a-z]{2}\d{3}_\w+")
_DEPTHS = ("header", "fast", "full")
_WHOSE = {"trl": masking, "axolotl": feeding_whole}
"""Scopes of rules on the training file of one trainer, by how their names begin."""
_LATER = {"RP": "needs --replay", "CF": "needs --train-config", "CK": "needs mmvalidate audit"}
"""Families that judge something else than rows, and what gives it to them."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of ours, in the order of codes."""
    return tuple(map(_load, _modules()))


@cache
def _modules() -> tuple[str, ...]:
    names = [module.name for module in pkgutil.iter_modules(validator.rules.__path__) if _MODULE.fullmatch(module.name)]
    return tuple(sorted(names))


def _load(module: str) -> Rule:
    rule: Rule = import_module(f"validator.rules.{module}").RULE
    return rule


@cache
def _load_of_rows(module: str) -> Rule:
    """A rule; where it judges no rows, what its file is called says enough of it, and what it needs is not imported."""
    code, _, name = module.partition("_")
    if code[:2].upper() in _LATER:
        trainers = _WHOSE.get(name.partition("_")[0], pairing)  # on whose training file it speaks
        return Rule(code.upper(), name.replace("_", "-"), "info", "", trainers=trainers)
    return _load(module)


def known_rules(files: Sequence[Path] = (), load: Callable[[str], Rule] = _load) -> tuple[Rule, ...]:
    """Our rules, those of installed packages and those of some files, in the order of codes.

    Raises ValueError where they cannot be loaded or two have the same code or name.
    """
    known: dict[str, Rule] = {}
    others = [*installed_rules(), *(rule for file in files for rule in rules_of_file(file))]
    for rule in (*map(load, _modules()), *others):
        for key in (rule.code, rule.name):
            if key in known:
                raise ValueError(f"Two rules are called {key}. Change that of the plug-in.")
            known[key] = rule
    return tuple(sorted({rule.code: rule for rule in known.values()}.values(), key=lambda rule: rule.code))


def find_rule(word: str, rules: Sequence[Rule] | None = None) -> Rule:
    """A rule by code or name, among some or all that are installed. Raises ValueError with the nearest match."""
    known = {key: rule for rule in rules or known_rules() for key in (rule.code, rule.name)}
    rule = known.get(word.upper()) or known.get(word.lower())
    if rule is None:
        raise ValueError(f"There is no rule {word}.{did_you_mean(word, known, cutoff=0.5)}")
    return rule


def choose_rules(settings: Settings) -> tuple[tuple[Rule, ...], tuple[tuple[Rule, str], ...]]:
    """The rules that run, and those that do not with the reason. Raises ValueError on an unknown code, and where rules
    cannot be loaded.
    """
    known = known_rules(settings.rules, _load_of_rows)
    for word in _words(settings):
        if not any(matches(rule.code, rule.name, word) for rule in known):
            find_rule(word, known)
    chosen, left_out = [], []
    trainer = settings.profile
    for rule in known:
        if reason := _reason_left_out(rule, settings, trainer):
            left_out.append((rule, reason))
        else:
            chosen.append(_with_severity(rule, settings.severity))
    return tuple(chosen), tuple(left_out)


def rules_for(rules: Sequence[Rule], settings: Settings, dataset: str) -> tuple[Rule, ...]:
    """Of chosen rules, those that judge one entry, with the severities that they have there."""
    own = settings.per_dataset.get(dataset)
    if own is None:
        return tuple(rules)
    return tuple(
        _with_severity(rule, own.severity) for rule in rules if nearest(rule.code, rule.name, own.ignore) is None
    )


def _words(settings: Settings) -> Iterator[str]:
    """Every word in the settings that names rules."""
    yield from (*settings.select, *settings.ignore, *settings.severity, *settings.max_rate)
    for own in settings.per_dataset.values():
        yield from (*own.ignore, *own.severity, *own.max_rate)


def _with_severity(rule: Rule, severities: Mapping[str, Severity]) -> Rule:
    word = nearest(rule.code, rule.name, severities)
    return rule if word is None else replace(rule, severity=severities[word], overruled=True)


def _reason_left_out(rule: Rule, settings: Settings, trainer: Trainer) -> str | None:
    if settings.select and nearest(rule.code, rule.name, settings.select) is None:
        return "not selected"
    if settings.ignore and nearest(rule.code, rule.name, settings.ignore) is not None:
        return "ignored"
    if not holds(rule.trainers, trainer):
        return f"not for the trainer {settings.trainer}"
    if _DEPTHS.index(settings.integrity) < _DEPTHS.index(rule.depth):
        return f"needs --integrity {rule.depth}"
    if rule.option is not None and not getattr(settings, rule.option):
        return f"needs --{rule.option.replace('_', '-')}"
    return _LATER.get(rule.family)


def later_rules(family: str, settings: Settings | None = None) -> tuple[Rule, ...]:
    """The rules of a family that judges no rows (RP, CF, CK), those that the settings choose where there are some."""
    own = [rule for rule in all_rules() if rule.family == family]
    if settings is None:
        return tuple(own)
    trainer = settings.profile
    chosen = (rule for rule in own if _reason_left_out(rule, settings, trainer) == _LATER[family])
    return tuple(_with_severity(rule, settings.severity) for rule in chosen)


def replay_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules on replayed samples that the settings choose."""
    return later_rules("RP", settings)


def matches(code: str, name: str, word: str) -> bool:
    """Whether a word names a rule: its code, the beginning of its code, its name, or ALL."""
    return word == "ALL" or code.startswith(word.upper()) or name == word.lower()


def nearest(code: str, name: str, words: Iterable[str]) -> str | None:
    """Of some words the one that names a rule most closely: its name or code before prefixes, longer ones before
    shorter, ALL last. None where no word does.
    """
    found = [word for word in words if matches(code, name, word)]
    return max(found, key=lambda word: (word != "ALL", len(word)), default=None)

"""Everything that a user's input can make impossible, found out before the first row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from validator.catalog.registry import Registry, hub_sentence, load_registry
from validator.catalog.yaml_registry import is_yaml
from validator.engine.gate.baseline import load_baseline
from validator.nearest import did_you_mean
from validator.rules.base import Rule
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.storage.remote import is_remote, locate, storage
from validator.tokens.processor import load_processor
from validator.trainers.base import Trainer
from validator.trainers.registry import OTHER_HUB, TAKES_DATA, TAKES_YAML


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a check needs beside its settings: the registry, the rules that run, and those that do not with the reason.
    `notes`: sentences for the user on what may not be as they mean it.
    """

    registry: Registry
    rules: Sequence[Rule]
    left_out: Sequence[tuple[Rule, str]]
    notes: tuple[str, ...] = ()


def prepare(settings: Settings, *, every: bool = False) -> Prepared:
    """Open the registry and choose the rules; `every`: for all trainers, of which some read the data. Raises ValueError
    with a sentence.
    """
    rules, left_out = choose_rules(settings)
    if settings.baseline is not None:
        load_baseline(settings.baseline)
    registry = load_registry(locate(settings.dataset_info), settings.datasets)
    if is_remote(settings.resolved_media_dir):
        storage(settings.resolved_media_dir)
    if not every and registry.is_data and registry.entries[0].formatting not in settings.profile.formattings:
        if registry.entries[0].source == "hub":
            said = hub_sentence(registry.path, settings.profile.formattings)
            raise ValueError(f"{said} Or add --trainer {TAKES_DATA}, which read it by its name.")
        raise ValueError(
            f"{registry.path} is a data file: `mmvalidate init {registry.path}` writes the dataset_info.json that "
            f"names it, or add --trainer {TAKES_DATA}, which read data as they are."
        )
    if (owner := registry.written_for) and (every or settings.profile.family != owner):
        raise ValueError(f"{registry.path} is a training file of {owner}: check it with --trainer {owner}.")
    if not every and not registry.joins and is_yaml(registry.path) and settings.profile.family != TAKES_YAML:
        raise ValueError(f"{registry.path} is a registry in YAML: add --trainer {TAKES_YAML}, which reads it.")
    processor = load_processor(settings.processor)
    settings.profile.template(processor, settings.template)
    uncounted = (f"No row is counted: {processor.unknown}.",) if processor.unknown else ()
    strangers = () if settings.datasets else _strangers(settings, registry)
    return Prepared(registry, rules, left_out, uncounted + strangers + _fetched(settings, registry))


def _fetched(settings: Settings, registry: Registry) -> tuple[str, ...]:
    """What is fetched, where data are named as the hub does."""
    if not registry.is_data or registry.entries[0].source != "hub":
        return ()
    elsewhere = OTHER_HUB.get(settings.profile.family)
    return (
        f"{registry.path} is not on this machine and is read from the Hugging Face hub, its split train"
        + (f" ({elsewhere})." if elsewhere else "."),
    )


def _strangers(settings: Settings, registry: Registry) -> tuple[str, ...]:
    """One settings file may serve several registries, so an entry that is not here is no error."""
    known = [entry.name for entry in (*registry.entries, *registry.not_selected)]
    known += [fault.name for fault in registry.faults]
    return tuple(
        f"[per-dataset.{name}] is no entry here.{did_you_mean(name, known)}"
        for name in sorted(settings.per_dataset.keys() - set(known))
    )


def witness(trainer: Trainer) -> Callable[..., Any]:
    """Asks transformers' own processor about every row. Raises ValueError where it cannot."""
    from validator.replaying.loading import check_reproduced

    check_reproduced(trainer)
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ValueError("--exact needs torch and transformers: pip install 'mmvalidate[replay]'")
    from validator.replaying.exact import Exact

    return Exact

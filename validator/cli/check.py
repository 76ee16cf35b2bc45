"""`mmvalidate DATASET_INFO`: check and report."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from validator.cli.output import OutputFormat, fail_usage, failed, write
from validator.cli.replaying import (
    ATTENTION,
    BLIND,
    CONTROLS,
    DEVICE,
    DTYPE,
    LANGUAGE,
    MODEL,
    PROJECTOR,
    REFERENCE,
    TOWER,
    check_possible,
    interrupted,
    run_replay,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from validator.catalog.registry import Registry
    from validator.engine.serial import RunResult
    from validator.replay.settings import ReplaySettings
    from validator.rules.base import Rule
    from validator.settings import Settings


class Trainer(str, Enum):
    """Whose loader is reproduced."""

    llamafactory = "llamafactory"


class Integrity(str, Enum):
    """How deep image files are looked into."""

    header = "header"
    fast = "fast"
    full = "full"


class FailOn(str, Enum):
    """The least severity that fails the run."""

    error = "error"
    warning = "warning"
    info = "info"


def check(
    dataset_info: Path = typer.Argument(help="The trainer's dataset_info.json."),
    dataset: list[str] = typer.Option([], help="Check this entry only (repeatable). Default: all with local files."),
    trainer: Trainer = typer.Option(Trainer.llamafactory, help="Whose resizing, truncation and labels to reproduce."),
    processor: str = typer.Option("embedded", help="embedded, a folder with tokenizer.json, or a hub id."),
    cutoff_len: int = typer.Option(8192, help="The trainer's cutoff_len, in tokens."),
    image_max_pixels: int = typer.Option(1048576, help="The trainer's image_max_pixels."),
    image_min_pixels: int = typer.Option(1024, help="The trainer's image_min_pixels."),
    media_dir: Path | None = typer.Option(None, help="The trainer's media_dir. Default: the registry's folder."),
    default_system: str | None = typer.Option(None, help="The trainer's default_system."),
    mask_history: bool = typer.Option(False, "--mask-history", help="Only the last answer is learned."),
    train_on_prompt: bool = typer.Option(False, "--train-on-prompt", help="Questions are learned too."),
    integrity: Integrity = typer.Option(
        Integrity.fast, help="header: open only; fast: the verdict of full at less cost; full: load and convert."
    ),
    select: list[str] = typer.Option([], help="Run these rules only: codes, prefixes or names (repeatable, commas)."),
    ignore: list[str] = typer.Option([], help="Leave these rules out."),
    fail_on: FailOn = typer.Option(FailOn.error, help="The least severity that gives exit code 1."),
    exit_zero: bool = typer.Option(False, "--exit-zero", help="Exit with 0 instead of 1."),
    replay: str = typer.Option("off", help="Replay the worst rows on a model: off, auto, or how many."),
    model: MODEL = "scale",
    reference_model: REFERENCE = None,
    device: DEVICE = "auto",
    dtype: DTYPE = "bf16",
    attention: ATTENTION = "sdpa",
    controls: CONTROLS = 200,
    blind: BLIND = 16,
    freeze_vision_tower: TOWER = True,
    freeze_projector: PROJECTOR = True,
    freeze_language_model: LANGUAGE = False,
    run_dir: Path | None = typer.Option(None, help="Where results are kept. Default: .mmvalidate/<registry's folder>."),
    output_format: OutputFormat = typer.Option(OutputFormat.full, help="What to print on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, no tables."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Check datasets as the trainer would read them."""
    try:
        from validator.settings import Settings

        settings = Settings(
            dataset_info=dataset_info,
            datasets=tuple(dict.fromkeys(dataset)),
            trainer=trainer.value,
            processor=processor,
            cutoff_len=cutoff_len,
            image_max_pixels=image_max_pixels,
            image_min_pixels=image_min_pixels,
            media_dir=media_dir,
            default_system=default_system,
            mask_history=mask_history,
            train_on_prompt=train_on_prompt,
            integrity=integrity.value,
            select=_words(select),
            ignore=_words(ignore),
            fail_on=fail_on.value,
        )
        prepared = _prepare(settings)
        replaying = None
        if candidates := wanted(replay, model):
            from validator.replay.settings import ReplaySettings

            replaying = ReplaySettings(
                model=model,
                reference_model=reference_model,
                device=device,  # type: ignore[arg-type]
                dtype=dtype,  # type: ignore[arg-type]
                candidates=candidates,
                controls=controls,
                blind=blind,
                attention=attention,  # type: ignore[arg-type]
                freeze_vision_tower=freeze_vision_tower,
                freeze_multi_modal_projector=freeze_projector,
                freeze_language_model=freeze_language_model,
            )
            check_possible(replaying)
    except ValueError as error:
        fail_usage(error)
    folder = run_dir or Path(".mmvalidate") / (dataset_info.resolve().parent.name or "root")
    try:
        result = _run(settings, prepared, folder, quiet)
    except KeyboardInterrupt:
        print("mmvalidate: interrupted; nothing was written", file=sys.stderr)
        raise typer.Exit(3) from None
    except Exception as error:
        raise failed(error, verbose=verbose) from None
    if replaying is not None:
        result = _replay(folder, replaying, quiet=quiet, verbose=verbose)
    write(result, output_format, quiet=quiet)
    code = int(result.summary["exit_code"])
    raise typer.Exit(0 if code == 1 and exit_zero else code)


def _prepare(settings: Settings) -> tuple[Registry, Sequence[Rule], Sequence[tuple[Rule, str]]]:
    """Everything that the user's input can make impossible. Raises ValueError with a sentence."""
    from validator.catalog.registry import load_registry
    from validator.rules.registry import choose_rules
    from validator.tokens.processor import load_processor

    rules, left_out = choose_rules(settings)
    registry = load_registry(settings.dataset_info, settings.datasets)
    load_processor(settings.processor)
    return registry, rules, left_out


def _run(
    settings: Settings,
    prepared: tuple[Registry, Sequence[Rule], Sequence[tuple[Rule, str]]],
    folder: Path,
    quiet: bool,
) -> RunResult:
    from validator.engine.serial import run
    from validator.replay.table import discard
    from validator.report.progress import StderrProgress

    with StderrProgress(quiet=quiet) as progress:
        result = run(settings, *prepared, folder, progress)
    discard(folder)
    return result


def _replay(folder: Path, settings: ReplaySettings, *, quiet: bool, verbose: bool) -> RunResult:
    try:
        return run_replay(folder, settings, quiet=quiet)
    except ValueError as error:
        fail_usage(error)
    except KeyboardInterrupt:
        raise interrupted() from None
    except Exception as error:
        raise failed(error, verbose=verbose) from None


def _words(values: list[str]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())

"""`mmvalidate DATASET_INFO`: check and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from validator.cli.choices import FailOn, Integrity, ModelSize, Truncation
from validator.cli.common import OutputFormat, guarded, say, show, usage, words
from validator.cli.completing import codes, datasets
from validator.cli.config_file import configure, rates, severities
from validator.cli.every_trainer import ALL, check_all
from validator.cli.gating import MAX_RATE, REASON, REPORT, SEVERITY, WRITE_BASELINE, accept, files_of
from validator.cli.replaying import (
    ATTENTION,
    BLIND,
    CONTROLS,
    DEVICE,
    DTYPE,
    LANGUAGE,
    MODEL,
    PICKLES,
    PROJECTOR,
    REFERENCE,
    TOWER,
    asked,
    run_replay,
    wanted,
)
from validator.cli.training import TRAIN_CONFIG, VERSIONS, training
from validator.cli.trust import TRUST, left_out

if TYPE_CHECKING:
    from validator.api.prepare import Prepared
    from validator.engine.run import RunResult
    from validator.settings import Settings


def _configure(context: typer.Context, value: str | None) -> str | None:
    """Callback of `--config`: the keys of a settings file are the options of `check`."""
    from validator.cli.config_keys import config_model

    return configure(context, value, config_model(check))


CONFIG = Annotated[
    str | None,
    typer.Option(
        "--config",
        help="A settings file, or off. Default: mmvalidate.toml or pyproject.toml, here or above.",
        is_eager=True,
        callback=_configure,
        show_default=False,
    ),
]


def check(
    context: typer.Context,
    config: CONFIG = None,
    dataset_info: str | None = typer.Argument(
        None,
        help="The trainer's dataset_info.json: a path, or s3://, gs://, hf://, https://; or ms-swift's data file.",
        show_default=False,
    ),
    train_config: TRAIN_CONFIG = None,
    versions: str | None = VERSIONS,
    dataset: list[str] = typer.Option(
        [], help="Check this entry only (repeatable). Default: all with local files.", autocompletion=datasets
    ),
    trainer: str = typer.Option(
        "llamafactory",
        help="Whose loader: llamafactory (also @0.9.4 to @0.9.1), hf, qwen-vl-utils, ms-swift, or all.",
    ),
    processor: str = typer.Option("embedded", help="embedded (Qwen2-VL), qwen2.5-vl, qwen3-vl, a folder, or a hub id."),
    template: str | None = typer.Option(
        None, help="LLaMA-Factory's template. Default: that of the processor.", show_default=False
    ),
    cutoff_len: int = typer.Option(8192, help="The trainer's cutoff_len, in tokens."),
    image_max_pixels: int = typer.Option(1048576, help="The trainer's image_max_pixels."),
    image_min_pixels: int | None = typer.Option(
        None, help="The trainer's image_min_pixels. Default: its own.", show_default=False
    ),
    video_max_pixels: int | None = typer.Option(
        None, help="The trainer's video_max_pixels, of a frame. Default: its own.", show_default=False
    ),
    video_min_pixels: int | None = typer.Option(
        None, help="The trainer's video_min_pixels. Default: its own.", show_default=False
    ),
    video_fps: float | None = typer.Option(
        None, help="The trainer's video_fps: frames that are sampled a second. Default: its own.", show_default=False
    ),
    video_maxlen: int | None = typer.Option(
        None, help="The trainer's video_maxlen: the most frames of a video. Default: its own.", show_default=False
    ),
    media_dir: str | None = typer.Option(None, help="The trainer's media_dir. Default: the registry's folder."),
    default_system: str | None = typer.Option(None, help="The trainer's default_system."),
    mask_history: bool = typer.Option(
        False, "--mask-history/--no-mask-history", help="Only the last answer is learned."
    ),
    train_on_prompt: bool = typer.Option(
        False, "--train-on-prompt/--no-train-on-prompt", help="Questions are learned too."
    ),
    truncation_strategy: Truncation | None = typer.Option(
        None,
        help="ms-swift's: delete rows above the cutoff, or cut their text from the left or the right. Default: delete.",
        show_default=False,
    ),
    strict: bool = typer.Option(False, "--strict/--no-strict", help="ms-swift's: a row that fails stops training."),
    integrity: Integrity = typer.Option(
        Integrity.fast, help="header: open only; fast: the verdict of full at less cost; full: load and convert."
    ),
    advice: bool = typer.Option(
        False, "--advice/--no-advice", help="Ask a second decoder about JPEGs that load (MD011)."
    ),
    exact: bool = typer.Option(
        False,
        "--exact/--no-exact",
        help="Ask transformers' real processor about every row too (needs mmvalidate[replay]).",
    ),
    preview: bool = typer.Option(
        False, "--preview/--no-preview", help="Look for near-duplicate images (DU006): decodes each image."
    ),
    model_size: ModelSize | None = typer.Option(None, help="Estimate the memory of the longest row (TK008)."),
    rules: list[Path] = typer.Option([], help="A Python file with rules of your own (repeatable)."),
    select: list[str] = typer.Option(
        [], help="Run these rules only: codes, prefixes or names (repeatable, commas).", autocompletion=codes
    ),
    ignore: list[str] = typer.Option([], help="Leave these rules out.", autocompletion=codes),
    severity: list[str] = SEVERITY,
    fail_on: FailOn = typer.Option(FailOn.error, help="The least severity that gives exit code 1."),
    max_rate: list[str] = MAX_RATE,
    min_rows: int = typer.Option(0, help="Fail where there are fewer rows.", min=0),
    baseline: Path | None = typer.Option(None, help="A file of accepted findings: they do not fail the run."),
    write_baseline: Path | None = WRITE_BASELINE,
    reason: str = REASON,
    exit_zero: bool = typer.Option(False, "--exit-zero/--no-exit-zero", help="Exit with 0 instead of 1."),
    replay: str = typer.Option("off", help="Replay the worst rows on a model: off, auto, or how many."),
    model: MODEL = "scale",
    reference_model: REFERENCE = None,
    allow_pickles: PICKLES = False,
    device: DEVICE = "auto",
    dtype: DTYPE = "bf16",
    attention: ATTENTION = "sdpa",
    controls: CONTROLS = 200,
    blind: BLIND = 16,
    freeze_vision_tower: TOWER = True,
    freeze_projector: PROJECTOR = True,
    freeze_language_model: LANGUAGE = False,
    run_dir: Path | None = typer.Option(None, help="Where results are kept. Default: .mmvalidate/<registry's folder>."),
    workers: int | None = typer.Option(
        None, help="Processes; 0: one, without Dask. Default: by the work to do.", min=0, show_default=False
    ),
    trust: bool | None = TRUST,
    scheduler: str | None = typer.Option(None, help="Address of a running Dask scheduler."),
    resume: bool = typer.Option(True, "--resume/--no-resume", help="Take results of earlier runs of the same data."),
    row_timeout: float = typer.Option(300.0, help="Seconds after which a row is given up, unchecked.", min=1),
    memory_limit: int | None = typer.Option(
        None, help="MiB a process may use. Default: its share of nine tenths.", min=128, show_default=False
    ),
    hash_media: bool = typer.Option(
        False, "--hash-media/--no-hash-media", help="Know media again by their bytes, not by size and time of change."
    ),
    shard_rows: int | None = typer.Option(
        None, help="Rows of a shard. Default: some 5 seconds of work.", min=1, show_default=False
    ),
    output_format: OutputFormat = typer.Option(OutputFormat.full, help="What to print on stdout."),
    report: list[str] = REPORT,
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, no tables."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show the traceback of an internal error."),
) -> None:
    """Check datasets as the trainer would read them."""
    del config  # its callback has read the file
    try:
        from validator.api.check import Execution
        from validator.api.prepare import prepare
        from validator.settings import Settings
        from validator.trainers.registry import DEFAULT

        if dataset_info is None:
            raise ValueError(
                "Name a dataset_info.json, a training file with --train-config, or set dataset-info in mmvalidate.toml."
            )
        without = left_out(context, trust)
        judging = training(train_config, versions)
        reports = files_of([] if "report" in without else report)
        run_dir = None if "run_dir" in without else run_dir
        settings = Settings(
            dataset_info=dataset_info,
            datasets=tuple(dict.fromkeys(dataset)),
            trainer=DEFAULT if trainer == ALL else trainer,
            processor=processor,
            template=template,
            cutoff_len=cutoff_len,
            image_max_pixels=image_max_pixels,
            image_min_pixels=image_min_pixels,  # type: ignore[arg-type]  # None: the trainer's own
            video_max_pixels=video_max_pixels,
            video_min_pixels=video_min_pixels,
            video_fps=video_fps,
            video_maxlen=video_maxlen,
            media_dir=media_dir,
            default_system=default_system,
            mask_history=mask_history,
            train_on_prompt=train_on_prompt,
            truncation_strategy=None if truncation_strategy is None else truncation_strategy.value,
            strict=strict,
            integrity=integrity.value,
            advice=advice,
            exact=exact,
            preview=preview,
            model_size=None if model_size is None else model_size.value,
            rules=() if "rules" in without else tuple(path.absolute() for path in rules),
            select=words(select),
            ignore=words(ignore),
            severity=severities(words(severity)),  # type: ignore[arg-type]  # checked there
            per_dataset=context.obj.per_dataset,
            fail_on=fail_on.value,
            max_rate=rates(words(max_rate)),
            min_rows=min_rows,
            baseline=None if baseline is None else baseline.absolute(),
        )
        execution = Execution(
            workers=workers,
            scheduler=None if "scheduler" in without else scheduler,
            resume=resume,
            row_timeout=row_timeout,
            memory_limit=memory_limit,
            shard_rows=shard_rows,
            hash_media=hash_media,
        )
        options = execution.options(settings)
        prepared = prepare(settings)
        for note in prepared.notes:
            say(note)
        if trainer == ALL and (replay != "off" or output_format.value not in ("full", "json")):
            raise ValueError("--trainer all goes neither with --replay nor with other formats than full and json.")
        replaying = None
        if candidates := wanted(replay, model):
            from validator.replaying.loading import check_reproduced

            check_reproduced(settings.profile)
            replaying = asked(context.params, candidates=candidates)
    except ValueError as error:
        usage(error)

    def checked(settings: Settings, prepared: Prepared, folder: Path) -> RunResult:
        from validator.engine.run import run
        from validator.report.progress import StderrProgress

        with StderrProgress(quiet=quiet) as progress:
            return run(settings, prepared.registry, prepared.rules, prepared.left_out, folder, progress, options)

    def one(settings: Settings, folder: Path) -> int:
        return int(checked(settings, prepare(settings), folder).summary["exit_code"])

    def work() -> int:
        from validator.run_folder.lock import hold

        folder = place_of(settings, run_dir)
        with hold(folder, "check"):
            if trainer == ALL:
                return check_all(settings, folder, one, output_format.value)
            result = checked(settings, prepared, folder)
            if replaying is not None:
                result = run_replay(folder, replaying, quiet=quiet)
            if judging is not None:
                result = judging(folder)
            if write_baseline is not None:
                result = accept(result, write_baseline.absolute(), reason)
        return show(result, output_format.value, quiet, reports)

    code = guarded(work, verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)


def place_of(settings: Settings, run_dir: Path | None) -> Path:
    """The folder that a run is kept in, and a sentence where it is not the usual one or holds another run."""
    from validator.run_folder.choose import default_place, replaced

    if run_dir is not None:
        note = replaced(run_dir, settings.dataset_info, settings.datasets)
    else:
        place = default_place(settings.dataset_info, settings.datasets)
        run_dir, note = place.folder, place.note
    if note is not None:
        say(note)
    return run_dir

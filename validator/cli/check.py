"""`mmvalidate DATASET_INFO`: check and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from validator.catalog.yaml_registry import is_training_file
from validator.cli.command import CONTEXT, PlainCommand, make
from validator.cli.common import ALL as ALL_FINDINGS
from validator.cli.common import EXIT_ZERO, QUIET, VERBOSE, OutputFormat, guarded, say, show, usage
from validator.cli.config_file import configure
from validator.cli.every_trainer import ALL, check_all
from validator.cli.from_model import Fields, command
from validator.cli.gating import REASON, REPORT, WRITE_BASELINE, accept, check_baseline, files_of
from validator.cli.mistakes import UsageError
from validator.cli.place import place_of
from validator.cli.replaying import asked, run_replay, wanted
from validator.cli.training import TRAIN_CONFIG, VERSIONS, training
from validator.cli.trust import TRUST, left_out
from validator.execution import Execution
from validator.option import DATA, OUTPUT, REPLAY
from validator.replaying.settings import ReplaySettings
from validator.settings import LIMITS, Settings

if TYPE_CHECKING:
    from validator.api.prepare import Prepared
    from validator.engine.run_files.result import RunResult

EXAMPLES = """mmvalidate data/dataset_info.json --cutoff-len 4096
mmvalidate train.yaml --versions torch=2.4.0
mmvalidate data/dataset_info.json --select TK,PH --fail-on warning --report sarif=out.sarif"""


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
        rich_help_panel=DATA,
    ),
]


def _check(
    context: typer.Context,
    settings: dict[str, Any],
    execution: dict[str, Any],
    replaying: dict[str, Any],
    config: CONFIG = None,
    train_config: TRAIN_CONFIG = None,
    versions: VERSIONS = None,
    trust: TRUST = None,
    write_baseline: WRITE_BASELINE = None,
    reason: REASON = "",
    exit_zero: EXIT_ZERO = False,
    replay: Annotated[
        str, typer.Option(help="Replay the worst rows on a model: off, auto, or how many.", rich_help_panel=REPLAY)
    ] = "off",
    run_dir: Annotated[
        Path | None,
        typer.Option(help="Where results are kept. Default: .mmvalidate/<registry's folder>.", rich_help_panel=OUTPUT),
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option(help="What to print on stdout.", rich_help_panel=OUTPUT)
    ] = OutputFormat.full,
    report: REPORT = [],  # noqa: B006  # typer makes it anew
    everything: ALL_FINDINGS = False,
    quiet: QUIET = False,
    verbose: VERBOSE = False,
) -> None:
    """Check datasets as the trainer would read them."""
    del config  # its callback has read the file
    try:
        from validator.api.prepare import prepare, witness
        from validator.trainers.registry import DEFAULT

        if "dataset_info" not in settings:
            raise ValueError(
                "Name a dataset_info.json, a training file with --train-config, or set dataset-info in mmvalidate.toml."
            )
        without = left_out(context, trust)
        judging = training(train_config, versions)
        settings = _named(context, settings)
        check_baseline(write_baseline)
        reports = files_of([] if "report" in without else report)
        run_dir = None if "run_dir" in without else run_dir
        every = settings["trainer"] == ALL
        chosen = Settings(
            **settings
            | ({"trainer": DEFAULT} if every else {})
            | ({"rules": ()} if "rules" in without else {})
            | {"per_dataset": context.obj.per_dataset}
        )
        carried = Execution(
            **execution
            | ({"scheduler": None} if "scheduler" in without else {})
            | ({"witness": witness(chosen.profile)} if chosen.exact else {})
        )
        prepared = prepare(chosen, every=every)
        for note in prepared.notes:
            say(note)
        if every and (replay != "off" or reports or write_baseline or output_format.value not in ("full", "json")):
            raise ValueError(
                "--trainer all cannot be combined with --replay, --report or --write-baseline, and prints only the "
                "formats full and json: `mmvalidate report` takes each of its runs."
            )
        replayed = None
        ReplaySettings(**replaying)
        if candidates := wanted(replay, replaying["model"]):
            from validator.replaying.loading import check_reproduced

            check_reproduced(chosen.profile)
            replayed = asked(replaying | {"candidates": candidates})
    except ValueError as error:
        usage(error)

    def checked(settings: Settings, prepared: Prepared, folder: Path) -> RunResult:
        from validator.engine.run import run
        from validator.report.progress import StderrProgress

        with StderrProgress(quiet=quiet) as progress:
            return run(settings, prepared.registry, prepared.rules, prepared.left_out, folder, progress, carried)

    def one(settings: Settings, folder: Path) -> int:
        return int(checked(settings, prepare(settings), folder).summary["exit_code"])

    def work() -> int:
        from validator.run_folder.lock import hold

        folder = place_of(chosen, run_dir)
        with hold(folder, "check"):
            if every:
                return check_all(chosen, folder, one, output_format.value)
            result = checked(chosen, prepared, folder)
            if replayed is not None:
                result = run_replay(folder, replayed, quiet=quiet)
            if judging is not None:
                result = judging(folder)
            if write_baseline is not None:
                result = accept(result, write_baseline.absolute(), reason)
        return show(result, output_format.value, quiet, reports, everything=everything)

    code = guarded(work, verbose)
    raise typer.Exit(0 if code == 1 and exit_zero else code)


def _named(context: typer.Context, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings without the limits that nobody has named: these are assumed, and a run says so."""
    return {
        name: value
        for name, value in settings.items()
        if name not in LIMITS or context.get_parameter_source(name).name != "DEFAULT"  # type: ignore[union-attr]
    }


check = command(
    _check,
    settings=Fields(Settings),
    execution=Fields(Execution),
    replaying=Fields(ReplaySettings, without=("candidates",)),
)


class _CheckCommand(PlainCommand):
    """A training file in the place of the registry is short for `--train-config`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        parsed: list[str] = super().parse_args(ctx, args if ctx.resilient_parsing else self._spelled_out(ctx, args))
        return parsed

    def _spelled_out(self, ctx: Any, args: list[str]) -> list[str]:
        def first_word(words: list[str]) -> tuple[Any, bool]:
            options = self.make_parser(ctx).parse_args(args=list(words))[0]
            of_yaml = options.get("trainer") == "llamafactory-v1"  # whose registries are YAML, broken ones too
            return options.get("dataset_info"), "train_config" in options or of_yaml

        try:
            word, named = first_word(args)
        except UsageError:  # which the command says
            return args
        if named or not isinstance(word, str) or not is_training_file(word):
            return args
        for place in (place for place, other in enumerate(args) if other == word):
            others = [*args[:place], *args[place + 1 :]]
            if first_word(others)[0] is None:
                return ["--train-config", word, *others]
        return args


COMMAND = make("check", check, cls=_CheckCommand, context_settings=CONTEXT, epilog=EXAMPLES)

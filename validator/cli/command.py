"""How a command looks: its options in groups, examples below; and commands that are loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from validator.option import PANELS

CONTEXT = {"auto_envvar_prefix": "MMVALIDATE"}
"""Of commands that take environment variables."""


ELSEWHERE = (
    "Options can also be set in mmvalidate.toml (`cutoff-len = 4096`) or in the environment "
    "(MMVALIDATE_CUTOFF_LEN=4096). A flag overrides a variable, a variable overrides the file."
)


class PlainCommand(TyperCommand):
    """Its `--help` is plain text: groups of options, then examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then the options of each group."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{name: [] for name in PANELS}, "Options": []}
        params: list[Any] = self.get_params(ctx)
        for param in params:
            param.show_envvar = False  # one sentence says it of all
            if (record := param.get_help_record(ctx)) is not None:
                name = "Arguments" if param.param_type_name == "argument" else getattr(param, "rich_help_panel", None)
                groups[name or "Options"].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)
        if ctx.auto_envvar_prefix:
            formatter.write_paragraph()
            formatter.write_text(ELSEWHERE)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples, line for line."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def make(name: str, function: Callable[..., None], **settings: Any) -> Any:
    """A command of the command-line library."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    settings = {"cls": PlainCommand, **settings}
    settings["context_settings"] = {"help_option_names": ["-h", "--help"], **settings.get("context_settings", {})}
    app.command(name, **settings)(function)
    made = typer.main.get_command(app)
    made.name = name
    return made


class LazyGroup(TyperGroup):
    """Commands by name with the first line of their help; each is the `COMMAND` of `validator/cli/NAME.py`."""

    lazy: Mapping[str, str] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, loaded."""
        if cmd_name not in self.lazy:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = import_module(f"validator.cli.{cmd_name}").COMMAND
        return self.commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands, of which none is loaded."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lazy.items()))

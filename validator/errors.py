"""Whatever mmvalidate raises of its own where something cannot be done. Every message is a sentence for the user.

Those that are a ValueError too mean that something else has to be asked for (exit code 2 of a command); the others that
something stood in the way (3). A value that a setting cannot have is a plain ValueError; where `Settings` or
`Execution` are made by hand it is pydantic's ValidationError, which is one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


class MmvalidateError(Exception):
    """The common base."""


class UnusableRunError(MmvalidateError, ValueError):
    """A run folder is not as mmvalidate wrote it. The message names the file and the way out."""


class NotOursError(MmvalidateError, ValueError):
    """A folder cannot be used for a run: it holds what is none."""


class ClusterError(MmvalidateError, ValueError):
    """The cluster cannot be used."""


class RefusedPathError(MmvalidateError, ValueError):
    """A report would take the place of data."""


class BusyError(MmvalidateError, OSError):
    """Another command is writing into the folder."""


class ChangedRunError(MmvalidateError, OSError):
    """A run was checked again while something was made of it."""


class ChangedDataError(MmvalidateError):
    """A data file changed while it was read, or is not what was checked."""


class RuleError(MmvalidateError):
    """A rule that is not ours failed."""


class ReplayStartError(MmvalidateError, RuntimeError):
    """No worker process of a replay comes up."""


class FailedCheckError(MmvalidateError):
    """A run does not pass its gate: `Run.raise_for_findings`."""


def reasons(error: ValidationError) -> str:
    """What pydantic refuses, as a sentence: the field, what it should be, and what it is."""
    return "; ".join(map(_reason, error.errors(include_url=False)))


def _reason(item: Any) -> str:
    place = ".".join(map(str, item["loc"]))
    message = str(item["msg"]).replace("Value error, ", "")
    if item["type"] == "extra_forbidden":
        return f"there is no {place}"
    if not message.startswith("Input "):
        return f"{place} {message}".strip()
    shown = ascii(item["input"])
    return f"{place} {message.removeprefix('Input ')}, not {shown if len(shown) <= 40 else shown[:39] + '…'}"

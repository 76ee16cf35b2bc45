"""mmvalidate: finds the rows that break multimodal fine-tuning before the GPUs are switched on.

What `__all__` names is the public face (docs/api.md); all else may change with any release. Names are loaded when they
are asked for: a command that needs one of them need not wait for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from validator.api.audit import Audit, audit
    from validator.api.check import check, open_run, rejudge, replay
    from validator.api.follow import check_copy, diff, export, plan, plan_models, tokenize
    from validator.api.row import Row
    from validator.api.run import Run
    from validator.engine.compare.runs import Comparison
    from validator.errors import (
        BusyError,
        ChangedDataError,
        ChangedRunError,
        ClusterError,
        FailedCheckError,
        MmvalidateError,
        NotOursError,
        RefusedPathError,
        ReplayStartError,
        RuleError,
        UnusableRunError,
    )
    from validator.execution import Execution
    from validator.exporting.export import Export
    from validator.findings import Finding
    from validator.planning.models import ModelPlan
    from validator.planning.plan import Plan
    from validator.rules.base import Case, Hit, Rule, corpus_rule, row_rule
    from validator.settings import Settings
    from validator.trainers.base import Trainer

__version__ = "0.1.0"
_HOMES = {
    "api.audit": ("Audit", "audit"),
    "api.check": ("check", "open_run", "rejudge", "replay"),
    "api.follow": ("check_copy", "diff", "export", "plan", "plan_models", "tokenize"),
    "api.row": ("Row",),
    "api.run": ("Run",),
    "engine.compare.runs": ("Comparison",),
    "errors": (
        "BusyError",
        "ChangedDataError",
        "ChangedRunError",
        "ClusterError",
        "FailedCheckError",
        "MmvalidateError",
        "NotOursError",
        "RefusedPathError",
        "ReplayStartError",
        "RuleError",
        "UnusableRunError",
    ),
    "execution": ("Execution",),
    "exporting.export": ("Export",),
    "findings": ("Finding",),
    "planning.models": ("ModelPlan",),
    "planning.plan": ("Plan",),
    "rules.base": ("Case", "Hit", "Rule", "corpus_rule", "row_rule"),
    "settings": ("Settings",),
    "trainers.base": ("Trainer",),
}
__all__ = [
    "Audit",
    "BusyError",
    "Case",
    "ChangedDataError",
    "ChangedRunError",
    "ClusterError",
    "Comparison",
    "Execution",
    "Export",
    "FailedCheckError",
    "Finding",
    "Hit",
    "MmvalidateError",
    "ModelPlan",
    "NotOursError",
    "Plan",
    "RefusedPathError",
    "ReplayStartError",
    "Row",
    "Rule",
    "RuleError",
    "Run",
    "Settings",
    "Trainer",
    "UnusableRunError",
    "__version__",
    "audit",
    "check",
    "check_copy",
    "corpus_rule",
    "diff",
    "export",
    "open_run",
    "plan",
    "plan_models",
    "rejudge",
    "replay",
    "row_rule",
    "tokenize",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"validator.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

"""summary.json of a finished run: what it holds, and reading it back."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import xxhash
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import NotRequired, TypedDict

from validator.findings import Severity
from validator.run_folder.damage import parse, read_bytes, unusable
from validator.run_folder.names import SCHEMA_VERSION, SUMMARY

MOST = 256 << 20
"""Bytes of a summary; one of 100,000 entries has a fifth of that."""
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Counts = dict[str, Count]


class _Rows(TypedDict):
    total: Count
    ok: Count
    flagged: Count
    dropped: Count
    not_loaded: Count
    unchecked: Count


class _Training(TypedDict):
    whole: Count
    cut: Count
    changed: Count
    stops: Count
    dropped: Count
    not_loaded: Count
    unchecked: Count


class _Severities(TypedDict):
    error: Count
    warning: Count
    info: Count


class _Distribution(TypedDict):
    min: Count | None
    p50: Count | None
    p90: Count | None
    p99: Count | None
    max: Count | None
    sum: int


class _Dataset(TypedDict):
    dataset: str
    rows: _Rows
    training: _Training
    causes: dict[str, Counts]
    stopped_by: list[str]
    num_tokens_full: _Distribution
    num_image_tokens: _Distribution
    num_label_tokens: _Distribution


class _Rule(TypedDict):
    code: str
    name: str
    severity: Severity
    count: Count


class _Rate(TypedDict):
    rule: str
    dataset: str | None
    rows: Count
    of: Count
    rate: float
    limit: float
    passed: bool


class _Least(TypedDict):
    dataset: str | None
    rows: Count
    least: Count
    passed: bool


class _Stale(TypedDict):
    code: str
    dataset: str
    count: Count
    reason: str


class _Baseline(TypedDict):
    file: str
    accepted: _Severities
    without_reason: Count
    stale: list[_Stale]


class _Gate(TypedDict):
    reasons: list[str]
    rates: list[_Rate]
    min_rows: list[_Least]
    baseline: _Baseline | None


class _Unchecked(TypedDict):
    dataset: str
    reason: str


class _NotSelected(TypedDict):
    dataset: str
    source: str


class _NotRun(TypedDict):
    code: Annotated[str, Field(pattern=r"^.*\d{3}$")]
    reason: str


class _Plugin(TypedDict):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$")]
    name: str
    severity: Severity
    source: str
    origin: str
    doc: str


class _Differs(TypedDict):
    here: Any
    trainer: Any


class _Timing(TypedDict):
    working_folder: NotRequired[str]
    seconds: float
    engine: str


class _SummaryModel(TypedDict):
    parameters: Count
    trainable: Count


class _Systemic(TypedDict):
    modality: str
    failure: str
    failed: Count
    controls: Count
    first: str | None
    ladder: dict[str, str]
    culprit: str


class _Remedy(TypedDict):
    name: str
    verdict: str | None
    helps: bool
    effect: str | None
    pull: float | None


class _Drift(TypedDict):
    name: str
    median: float | None
    destabilises: bool
    words: str


class _Sample(TypedDict):
    dataset: str
    file: str
    row: Count
    group: str
    verdict: str


class _Confirmed(_Sample):
    why: str | None
    loss: float | None
    grad_norm: float | None
    grad_norm_token_normalised: float | None
    control_loss: str | None
    control_grad_norm: str | None
    remedies: list[_Remedy]
    drifts: list[_Drift]
    static: list[str]
    ladder: dict[str, str]


class _Alone(_Sample):
    reference_verdict: str | None
    difference: str | None


class _Comparison(TypedDict):
    reference: str | None
    table: dict[str, Counts]
    systemic: list[str]
    differences: list[str] | None
    only_on_the_model: list[_Alone]


class _Tried(TypedDict):
    remedy: str
    verdict: str
    tried: Count
    helps: Count
    worse: Count


class _Replay(TypedDict):
    settings: dict[str, Any]
    device: str
    processor: str
    attention: str
    model: _SummaryModel
    verdict: Literal["SYSTEMIC"] | None
    systemic: list[_Systemic]
    verdicts: dict[str, Counts]
    stop_before_the_model: Count
    false_alarms: Counts
    not_judged: list[str]
    thresholds: dict[str, float | None] | None
    remedies: list[_Tried]
    k_step: Counts | None
    comparison: _Comparison | None
    confirmed: list[_Confirmed]


class _Reason(TypedDict):
    code: str
    severity: Severity
    dataset: str
    file: str | None
    row: Count | None
    message: str
    help: str
    count: Count


class _Checkpoint(TypedDict):
    folder: str
    base: str | None
    tensors: Count
    bytes: Count
    seconds: float
    not_finite: Count
    largest: float | None
    drift: dict[str, float | None] | None
    attention_growth: float | None


class _Audit(TypedDict):
    verdict: Literal["GO", "GO WITH WARNINGS", "NO-GO", "UNDECIDED"]
    exit_code: Literal[0, 1, 3]
    reasons: list[_Reason]
    not_audited: list[str]
    checkpoints: list[_Checkpoint]
    replay: dict[str, Any] | None
    cost: dict[str, Any]


class _Summary(TypedDict):
    """What readers of a run rely on; more may stand there (schemas/summary.schema.json)."""

    schema_version: Literal[1]
    verdict: Literal["passed", "failed", "unchecked", "nothing to check"]
    exit_code: Literal[0, 1, 3, 5]
    rows: _Rows
    training: _Training
    findings: _Severities
    gate: _Gate
    datasets: list[_Dataset]
    rules: list[_Rule]
    unchecked_entries: list[_Unchecked]
    not_selected: list[_NotSelected]
    ignored_keys: list[str]
    rules_not_run: list[_NotRun]
    plugins: NotRequired[list[_Plugin]]
    settings: dict[str, Any]
    differs_from_trainer: dict[str, _Differs]
    assumed: list[str]
    versions: dict[str, str]
    inputs: dict[str, Any]
    timing: _Timing
    replay: NotRequired[_Replay]
    audit: NotRequired[_Audit]


@cache
def _shape() -> TypeAdapter[Any]:
    """Made when a run is read: a check reads none."""
    return TypeAdapter(_Summary)


def read_summary(folder: Path) -> tuple[dict[str, Any], str]:
    """summary.json of a run folder, of this version and of the right types, and a digest of it.

    Raises UnusableRunError.
    """
    path = folder / SUMMARY
    data = read_bytes(path, MOST)
    summary = parse(path, data)
    if not isinstance(summary, dict) or not {"schema_version", "settings", "gate"} <= summary.keys():
        raise unusable(path, "is not what this version of mmvalidate writes")
    if type(version := summary["schema_version"]) is int and version != SCHEMA_VERSION:
        when = "a later" if version > SCHEMA_VERSION else "an earlier"
        raise unusable(path, f"was written by {when} version of mmvalidate (format {version}, not {SCHEMA_VERSION})")
    try:
        _shape().validate_python(summary, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise unusable(path, f"is not what this version of mmvalidate writes ({place}: {first['msg']})") from None
    return summary, xxhash.xxh3_128_hexdigest(data)


def identity_of(folder: Path) -> str:
    """That digest alone. Raises UnusableRunError."""
    return xxhash.xxh3_128_hexdigest(read_bytes(folder / SUMMARY, MOST))

"""The sections of the page, in order. A new one is a function here, which returns its data or None where there is
nothing to show, and a template of its name in `templates/sections`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import xxhash
from markupsafe import Markup

from validator.engine.run_files.finished import codes_that_ran, rules_told
from validator.findings import SEVERITIES, clip, count, gravest_first
from validator.planning.plan import Plan
from validator.report.audited import TITLES, answer, facts
from validator.report.finished import gate_notes
from validator.report.html.cards import NAME, Context
from validator.report.html.charts import histogram, scatter, sparkline
from validator.report.html.choice import Choice
from validator.report.html.doubtful import sheet
from validator.report.html.media import media
from validator.report.html.replayed import METRICS, Replays
from validator.report.html.samples import GENERAL, Shown
from validator.report.html.scan import Overview
from validator.report.plan_picture import picture
from validator.report.replayed import MEANING, notes
from validator.report.verdict import MEANINGS, WORDS, describe, ordered_rules, training_sentence
from validator.settings import Settings

DATASETS = 200
"""Rows of the table of datasets."""
_WORDS = 4
"""Faults of boxes that are named of a row."""
_LISTED = 50
"""Names in a list of names."""
_FIRST = ("cutoff_len", "image_max_pixels", "image_min_pixels", "trainer", "processor", "integrity")
Record = dict[str, Any]


@dataclass(slots=True)
class Report:
    """Everything that the page shows. `lost`: why the data could not be read again. `looked_at`: the samples that are
    shown, and more that may stand on the sheet of boxes. `assumed`: what is to be said of limits that nobody named;
    `checked`: when the run ended.
    """

    summary: Record
    settings: Settings
    overview: Overview
    choice: Choice
    shown: list[Shown]
    general: list[Record]
    replays: Replays | None
    context: Context
    planned: Plan | None
    lost: str | None
    looked_at: list[Shown]
    assumed: list[str]
    checked: datetime
    cards: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `name` is its anchor and its template, `data` what that shows."""

    name: str
    title: str
    data: Record


def sections(report: Report) -> list[Section]:
    """The sections that have something to show."""
    made = ((name, title, make(report)) for name, title, make in _SECTIONS)
    return [Section(name, title, data) for name, title, data in made if data is not None]


_GRAVE = {"passed": "passed", "GO": "passed", "failed": "failed", "NO-GO": "failed"}
_FAILING = {
    "error": "errors fail the run",
    "warning": "errors and warnings fail the run",
    "info": "every finding fails the run",
}


def _verdict(report: Report) -> Record:
    summary = report.summary
    rows, found = summary["training"], summary["findings"]
    fail_on = report.settings.fail_on
    sentence = training_sentence(summary)
    words = {
        "passed": "No errors found." if fail_on == "error" else f"No finding has the severity {fail_on} or above.",
        "failed": f"{'; '.join(summary['gate']['reasons'])} ({_FAILING[fail_on]}).",
        "unchecked": "The run is incomplete: something was not checked.",
        "nothing to check": "There was no row to check.",
    }
    return {
        "headline": (summary.get("audit") or summary)["verdict"],
        "grave": _GRAVE.get((summary.get("audit") or summary)["verdict"], "unchecked"),
        "checked": f"{report.checked:%Y-%m-%d %H:%M} UTC",
        "registry": clip(str(summary["settings"]["dataset_info"]), 200),
        "digest": (summary["inputs"].get("dataset_info_sha256") or "")[:16],
        "content": _content(summary),
        "files": len(summary["inputs"].get("files_xxh3_128", {})),
        "assumed": report.assumed,
        "words": words[summary["verdict"]],
        "line": describe(summary),
        "sentence": sentence[:1].upper() + sentence[1:] + ".",
        "meanings": MEANINGS,
        "gate": gate_notes(summary),
        "exit_code": summary["exit_code"],
        "rows": [(outcome, WORDS[outcome], rows[outcome]) for outcome in WORDS],
        "total": summary["rows"]["total"],
        "findings": [(severity, found[severity]) for severity in SEVERITIES],
        "unchecked_entries": summary["unchecked_entries"][:_LISTED],
        "more_unchecked": max(len(summary["unchecked_entries"]) - _LISTED, 0),
        "first": _first_steps(report),
        "systemic": (summary.get("replay") or {}).get("systemic", []),
    }


def _content(summary: Record) -> str:
    """A digest of the digests of all data files: equal where all of them are."""
    files = sorted(summary["inputs"].get("files_xxh3_128", {}).items())
    return xxhash.xxh3_64_hexdigest(orjson.dumps(files))


def _first_steps(report: Report) -> list[Record]:
    """The rules to begin with: of the gravest what keeps a dataset from loading, then those that most rows break; each
    with the help of its first example.
    """
    helps = {finding["code"]: finding["help"] for item in report.shown for finding in item.findings}
    helps |= {finding["code"]: finding["help"] for finding in report.general}
    rules = ordered_rules(report.summary)
    shown = {code for card in report.cards for code in card["codes"]}
    return [{**rule, "help": helps.get(rule["code"], ""), "shown": rule["code"] in shown} for rule in rules[:3]]


def _audit(report: Report) -> Record | None:
    audit = report.summary.get("audit")
    if audit is None:
        return None
    groups = [
        (title, [item for item in audit["reasons"] if item["severity"] == name]) for name, title in TITLES.items()
    ]
    return {
        "verdict": audit["verdict"],
        "grave": {"NO-GO": "error", "GO": ""}.get(audit["verdict"], "warning"),
        "line": answer(audit),
        "facts": facts(audit),
        "groups": [(title, found) for title, found in groups if found],
    }


def _checked(report: Report) -> Record:
    summary = report.summary
    values = summary["settings"]
    differs = summary["differs_from_trainer"]
    ordered = [*_FIRST, *(name for name in values if name not in _FIRST)]
    return {
        "registry": values["dataset_info"],
        "settings": [
            {"name": name, "value": _written(values[name]), "trainer": differs.get(name, {}).get("trainer")}
            for name in ordered
            if name in values
        ],
        "first": len(_FIRST),
        "timing": summary.get("timing"),
        "versions": summary["versions"],
        "digest": summary["inputs"].get("dataset_info_sha256"),
        "files": len(summary["inputs"].get("files_xxh3_128", {})),
        "not_selected": [item["dataset"] for item in summary["not_selected"]][:_LISTED],
        "num_not_selected": len(summary["not_selected"]),
        "rules_not_run": summary["rules_not_run"],
        "rules_run": len(codes_that_ran(summary)),
    }


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(str, value[:_LISTED])) or "all" if value else "–"
    return "–" if value is None else str(value)[:300]


def _distributions(report: Report) -> Record | None:
    overview, cutoff = report.overview, report.settings.cutoff_len
    lengths = histogram(*overview.lengths.totals(), cutoff)
    if lengths is None:
        return None
    plane = scatter(overview.density, cutoff)
    assert plane is not None
    dots = []
    for card in report.cards:
        bar = card["budget"]
        if bar is not None:
            across, up = plane.across.place(bar["total"] - bar["visual"]), plane.up.place(bar["visual"])
            if 0 <= across <= 1 and 0 <= up <= 1:
                dots.append({**card, "across": across, "up": up})
    return {
        "cutoff": cutoff,
        "charts": [
            ("Length", "tokens per row, before truncation", lengths),
            (
                "Visual tokens",
                "image and video tokens per row that has any",
                histogram(*overview.visual.totals(), cutoff),
            ),
        ],
        "scatter": plane,
        "dots": dots[::-1],
        "uncounted": overview.uncounted,
        "rows": overview.rows,
    }


def _plan(report: Report) -> Record | None:
    if report.planned is None:
        return None
    return {
        "picture": Markup(picture(report.planned)),  # numbers only
        "advice": report.planned.advice(),
        "batch_size": report.planned.batch_size,
    }


def _rules(report: Report) -> Record | None:
    documents = {rule.code: rule.doc for rule in rules_told(report.summary)}
    rules = gravest_first(report.summary["rules"])
    shown = [code for card in report.cards for code in card["codes"]]
    most = max((rule["count"] for rule in rules), default=1)
    return {
        "rules": [
            {
                **rule,
                "shown": shown.count(rule["code"]),
                "share": round(rule["count"] / most, 4),
                "document": _paragraphs(documents.get(rule["code"], "")),
            }
            for rule in rules
        ],
        "general": report.general,
        "most_general": GENERAL,
    }  # fmt: skip


def _paragraphs(document: str) -> list[tuple[str, str]]:
    """A rule's documentation as (kind, text): `head`, `code` or `text`."""
    found: list[tuple[str, str]] = []
    for number, block in enumerate(document.strip().split("\n\n")):
        head, _, rest = block.partition("\n") if block.startswith("## ") else ("", "", block)
        if head:
            found.append(("head", head.removeprefix("## ")))
        if rest.startswith("```"):
            found.append(("code", rest.strip("`").partition("\n")[2].rstrip()))
        elif rest and number:
            found.append(("text", rest))
    return found


def _datasets(report: Report) -> Record | None:
    listed = [item for item in report.summary["datasets"] if item["rows"]["total"]]
    if not listed:
        return None
    ordered = sorted(listed, key=lambda item: (_trained(item) - item["rows"]["total"], item["dataset"]))
    used = [cells.nonzero()[0] for cells in report.overview.by_dataset.values() if cells.any()]
    first, last = (min(int(part[0]) for part in used), max(int(part[-1]) for part in used)) if used else (0, 1)
    shown = [card["dataset"] for card in report.cards]
    return {
        "datasets": [
            {
                **item,
                "bars": sparkline(report.overview.by_dataset[item["dataset"]], first, last, report.settings.cutoff_len),
                "cut": report.overview.cut[item["dataset"]],
                "shown": shown.count(clip(item["dataset"], NAME)),
            }
            for item in ordered[:DATASETS]
            if item["dataset"] in report.overview.by_dataset
        ],
        "words": WORDS,
        "more": max(len(listed) - DATASETS, 0),
        "cutoff": report.settings.cutoff_len,
    }


def _trained(item: Record) -> int:
    """Rows of a dataset that are trained on as they were written, whole or cut."""
    return int(item["training"]["whole"] + item["training"]["cut"])


def _replay(report: Report) -> Record | None:
    replay, replays = report.summary.get("replay"), report.replays
    if replay is None or replays is None:
        return None
    groups = replay["verdicts"]
    names = sorted({name for counts in groups.values() for name in counts})
    cards = {card["key"]: card["id"] for card in report.cards}
    return {
        "replay": replay,
        "groups": list(groups),
        "verdicts": [(name, [counts.get(name, 0) for counts in groups.values()], MEANING.get(name)) for name in names],
        "notes": notes(replay),
        "dots": replays.plane(cards),
        "scales": replays.scales,
        "rugs": {
            f"{metric}-{modality}": replays.rug(metric, modality)
            for metric, _ in METRICS
            for modality in replays.modalities
        },
        "controls": count(len(replays.controls), "control"),
    }


def _boxes(report: Report) -> Record | None:
    context = report.context
    rows = []
    for item, row, card in sheet(report.looked_at, dict(context.shapes), report.cards):
        pictures = media(item, context.limits, context.thumbnails, row)
        picture = next((one for one in pictures if one["original"] and one["shapes"]), None)
        if picture is not None:
            where = f"{clip(item.facts.file, NAME)}:{item.facts.row}"
            rows.append({"where": where, "card": card, "medium": picture, "words": row.words[:_WORDS]})
    return {"rows": rows} if rows else None


def _samples(report: Report) -> Record:
    cards = report.cards
    return {
        "flagged": report.choice.flagged,
        "number": len(cards),
        "lost": report.lost,
        "codes": sorted({code for card in cards for code in card["codes"]}),
        "datasets": sorted({card["dataset"] for card in cards}),
        "outcomes": [word for word in WORDS.values() if any(card["outcome"] == word for card in cards)],
        "severities": [severity for severity in SEVERITIES if any(card["severity"] == severity for card in cards)],
        "verdicts": sorted({card["replay"]["verdict"] for card in cards if card["replay"]}),
    }


_SECTIONS: tuple[tuple[str, str, Callable[[Report], Record | None]], ...] = (
    ("verdict", "Verdict", _verdict),
    ("audit", "Audit of the run", _audit),
    ("checked", "What was checked", _checked),
    ("distributions", "Distributions", _distributions),
    ("plan", "Other limits", _plan),
    ("rules", "Findings by rule", _rules),
    ("datasets", "Datasets", _datasets),
    ("replay", "Replay", _replay),
    ("boxes", "Boxes and points", _boxes),
    ("samples", "Flagged samples", _samples),
)

"""Puts the report together: reads the run, fills the templates, and keeps the page within its bounds.

Nothing in the page is fetched, and nothing in it may be: its Content-Security-Policy allows this one script, this one
style sheet and pictures that stand in the page, whatever dataset text might smuggle in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import Limits
from validator.facts.recipe import limits_of
from validator.findings import clip, count
from validator.planning.around import around
from validator.report.assumed import assumed_limits
from validator.report.html import replayed
from validator.report.html.cards import NAME, Context, card
from validator.report.html.choice import Choice, choose
from validator.report.html.doubtful import doubts, sheet
from validator.report.html.media import tasks
from validator.report.html.samples import Shown, gather, read_again
from validator.report.html.scan import scan
from validator.report.html.sections import Report, sections
from validator.report.html.shapes import drawn
from validator.report.html.thumbnails import PICTURE_BYTES, draw
from validator.run_folder.names import SUMMARY
from validator.settings import Settings
from validator.storage.remote import locate
from validator.tokens.processor import load_processor
from validator.writing import write_whole

_TICKED = re.compile("`([^`]+)`")
CARD_BYTES = 1_800_000
"""Of all samples on the page, without pictures. With them and everything else the page stays below 5 MB."""


def write_html(run: FinishedRun, destination: Path, told: Callable[[str], None] = lambda what: None) -> str:
    """Write the report of a finished run as one HTML file, whole or not at all; `told` of each step. Returns how many
    of the rows with findings it shows.

    Data and media are read again for the samples that are shown; what is gone is said to be gone. Raises
    UnusableRunError where files of the run are damaged, OSError where the file cannot be written.
    """
    report = _gather(run, told)
    told("writing the page")
    environment = _environment()
    cards = list(_cards(environment, report))
    report.cards.sort(key=lambda one: (-(one["risk"] or 0.0), one["id"]))
    html = {one["id"]: text for one, text in cards}
    styles, script = (_asset(name) for name in ("report.css", "report.js"))
    page = environment.get_template("page.html").render(
        report=report,
        sections=sections(report),
        cards=[Markup(html[one["id"]]) for one in report.cards],
        styles=Markup(styles),
        script=Markup(script),
        policy=_policy(styles, script),
    )
    write_whole(destination, page.encode("utf-8", "replace"))
    return f"{len(report.cards):,} of {count(report.choice.flagged, 'row')} with findings"


def _gather(run: FinishedRun, told: Callable[[str], None]) -> Report:
    settings = run.settings
    limits = _limits(settings)
    told(f"reading {count(run.summary['rows']['total'], 'row')} and their findings")
    overview, choice = scan(run, limits), choose(run)
    replays = replayed.load(run)
    doubted = doubts(run)
    more = tuple(place for place in doubted.places if place not in choice.places)
    both = Choice((*choice.places, *more), choice.flagged)
    found, general = gather(run, both, limits, replays.samples if replays else {})
    told(f"reading {count(len(found), 'row')} of the data again")
    lost = read_again(run, found)
    drawings = {item.key: row for item in found if (row := drawn(item.facts, limits, settings, doubted.meant))}
    first = [item for item, _, _ in sheet(found, drawings, ())]
    told("drawing pictures")
    thumbnails = draw(_in_turns([*first, *(item for item in found if item not in first)], limits), PICTURE_BYTES)
    shown = found[: len(choice.places)]
    base = str(locate(settings.dataset_info).parent)
    told("counting under other limits")
    planned = around(run, settings)
    lost = lost and clip(lost, 300)
    context = Context(base, limits, settings.cutoff_len, replays, thumbnails, drawings)
    return Report(
        run.summary,
        settings,
        overview,
        choice,
        shown,
        general,
        replays,
        context,
        planned,
        lost and clip(lost, 300),
        found,
        assumed_limits(run.summary, run.folder),
        datetime.fromtimestamp((run.folder / SUMMARY).stat().st_mtime, timezone.utc),
    )


def _limits(settings: Settings) -> Limits | None:
    try:
        return limits_of(settings, load_processor(settings.processor))
    except (OSError, ValueError):  # the processor is gone: what depends on its limits is left out
        return None


def _in_turns(shown: list[Shown], limits: Limits | None) -> list[Any]:
    """What to draw: first one picture of each sample, then the second of each ..."""
    listed = [tasks(item, limits) for item in shown]
    longest = max(map(len, listed), default=0)
    return [mine[turn] for turn in range(longest) for mine in listed if turn < len(mine)]


def _cards(environment: Environment, report: Report) -> Iterator[tuple[dict[str, Any], str]]:
    """Cards and their HTML, the most important first, until the page is full."""
    template = environment.get_template("card.html")
    left = CARD_BYTES
    for number, item in enumerate(report.shown, start=1):
        one = card(item, number, report.context)
        text = template.render(card=one, cutoff=report.context.cutoff)
        pictures = sum(len(one_[name] or "") for one_ in one["media"] for name in ("original", "resized"))
        left -= len(text.encode("utf-8", "replace")) - pictures
        if left < 0:
            return
        report.cards.append(one)
        yield one, text


def _asset(name: str) -> str:
    return (files("validator.report.html") / "templates" / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("validator.report.html"),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["name"] = NAME
    environment.filters |= {
        "number": _number,
        "compact": compact,
        "share": _share,
        "printable": _printable,
        "code": _code,
    }
    return environment


def _printable(text: object, most: int = 600) -> str:
    """Text from data in one line, bounded."""
    return clip(str(text), most)


def _code(text: str) -> Markup:
    """Text with what stands between backticks as code."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))


def _number(value: float | None) -> str:
    """`1,234`, `0.00123`, a dash for nothing."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def compact(value: float) -> str:
    """A number in at most five characters: `9,876`, `123k`, `4.6M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= 10 * size or (unit != "k" and value >= size):
            return f"{value / size:.1f}{unit}" if value < 100 * size else f"{value / size:.0f}{unit}"
    return f"{value:,.0f}"


def _share(part: int, whole: int) -> str:
    """A percentage that never says 0 of something or 100 of not everything."""
    if not whole or not part or part == whole:
        return "100 %" if whole and part else "0 %"
    percent = 100 * part / whole
    return "< 0.1 %" if percent < 0.1 else "> 99.9 %" if percent > 99.9 else f"{percent:.1f} %"


def _policy(styles: str, script: str) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (styles, script))
    style, code = (f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; img-src data:; style-src {style}; script-src {code}; base-uri 'none'; form-action 'none'"
    )

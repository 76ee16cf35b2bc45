"""A plan as a picture: one bar per setting, rows by what becomes of them, beside the tokens of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from validator.planning.plan import Option, Plan

MOST = 40
"""Settings that are drawn."""
_LEFT, _BAR, _GAP, _HEIGHT, _LINE = 150, 320, 210, 16, 24
_PARTS = (("stops", "#c62828"), ("cut", "#ef9a1a"), ("whole", "#2e7d32"))


def picture(plan: Plan) -> str:
    """The plan as an SVG element to stand in a page: no script, no link, nothing but numbers in it."""
    options = plan.options[:MOST]
    width, height = _LEFT + 2 * _BAR + _GAP, _LINE * (len(options) + 2) + 10
    lines = [
        f'<svg class="plan" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="12" aria-label="Rows and tokens under each pair of limits">'
    ]
    lines.append(_text(0, 14, "pixels / cutoff"))
    lines.append(_text(_LEFT + _BAR + _GAP, 14, "tokens per epoch (pale: padding)"))
    lines += _legend()
    most = max((_padded(option) for option in options), default=0) or 1
    for number, option in enumerate(options, 1):
        lines += _option(option, number * _LINE, most, best=option is plan.recommended)
    if len(plan.options) > MOST:
        lines.append(_text(0, height - 12, f"and {len(plan.options) - MOST} more"))
    return "\n".join([*lines, "</svg>"])


def _legend() -> Iterator[str]:
    for number, (name, colour) in enumerate(_PARTS):
        yield f'<rect x="{_LEFT + 80 * number}" y="4" width="10" height="10" fill="{colour}"/>'
        yield _text(_LEFT + 80 * number + 14, 14, name)


def _option(option: Option, top: int, most: float, *, best: bool) -> Iterator[str]:
    counts = option.counts
    weight = "bold" if best else "normal"
    yield _text(0, top + 13, f"{option.image_max_pixels:,} / {option.cutoff_len:,}", weight)
    numbers = (counts.crashed, counts.cut, counts.whole)
    left = float(_LEFT)
    for number, (name, colour) in zip(numbers, _PARTS, strict=True):
        share = _BAR * number / (sum(numbers) or 1)
        if number:
            share = max(share, 2.0)  # a single row is seen
            yield (
                f'<rect x="{left:.1f}" y="{top}" width="{share:.1f}" height="{_HEIGHT}" fill="{colour}">'
                f"<title>{number:,} rows {name}</title></rect>"
            )
        left += share
    yield _text(_LEFT + _BAR + 12, top + 13, f"{counts.crashed:,} / {counts.cut:,} / {counts.whole:,}", weight)
    tokens, padded = _BAR * counts.num_tokens / most, _BAR * _padded(option) / most
    start = _LEFT + _BAR + _GAP
    yield f'<rect x="{start}" y="{top}" width="{padded:.1f}" height="{_HEIGHT}" fill="#c5cae9"/>'
    yield (
        f'<rect x="{start}" y="{top}" width="{tokens:.1f}" height="{_HEIGHT}" fill="#3949ab">'
        f"<title>{counts.num_tokens:,} tokens, {option.padding_waste:.1%} padding</title></rect>"
    )


def _padded(option: Option) -> float:
    return option.counts.num_tokens / (1 - option.padding_waste)


def _text(left: int, base: int, text: str, weight: str = "normal") -> str:
    return f'<text x="{left}" y="{base}" fill="currentColor" font-weight="{weight}">{escape(text)}</text>'

"""Rows that several entries have alike.

Each kind of rows is spoken of once, at the last entry that has it: findings are at most as many as entries and as kinds
of rows, and the work grows with the rows, not with the pairs of entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from validator.findings import clip, count
from validator.rules.alike import Groups, HashGroup
from validator.rules.base import Hit

Part = tuple[str, Groups]
"""An entry by its name, and the groups of its rows."""
NAMED, LISTED = 3, 20
"""Entries that a message names, and that the evidence lists."""


def among(parts: Sequence[Part], words: str, help_: str) -> Iterator[Hit]:
    """A hit at each entry about keys that earlier entries have too and no later one has. `words` say how, with the
    others' names put in.
    """
    for place, keys in _by_last(parts).items():
        others = Counter(other for places in keys.values() for other in places[:-1])
        yield _hit(parts, place, keys, words.format(_names(parts, others)), help_, entries=others)


def between(parts: Sequence[Part], others: Sequence[Part], words: str, peers: str, help_: str) -> Iterator[Hit]:
    """A hit at each entry of `parts` about keys that some of `others` have too and no later one of `parts` has. `words`
    say how, with the others' names put in; `peers` is added with those of earlier `parts` that have some of the keys.
    """
    every = [*others, *parts]
    border = len(others)
    for place, keys in _by_last(every).items():
        keys = {key: places for key, places in keys.items() if places[0] < border <= place}
        if not keys:
            continue
        counts = Counter(other for places in keys.values() for other in places[:-1])
        there = {other: rows for other, rows in counts.items() if other < border}
        said = words.format(_names(every, there))
        if earlier := counts.keys() - there.keys():
            said += peers.format(_names(every, earlier))
        yield _hit(every, place, keys, said, help_, entries=there)


def _by_last(parts: Sequence[Part]) -> dict[int, dict[int, list[int]]]:
    """The keys of several entries, by the place of the last that has them: the places of all of these, in order."""
    by_last: dict[int, dict[int, list[int]]] = defaultdict(dict)
    keys = np.concatenate([np.empty(0, np.uint64), *(groups.keys for _, groups in parts)])
    places = np.repeat(np.arange(len(parts)), [len(groups.keys) for _, groups in parts])
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else order
    numbers = np.diff(starts, append=len(keys))
    for start, number in zip(starts[numbers > 1].tolist(), numbers[numbers > 1].tolist(), strict=True):
        holders = places[start : start + number].tolist()
        by_last[holders[-1]][int(keys[start])] = holders
    return by_last


def _hit(
    parts: Sequence[Part],
    place: int,
    keys: dict[int, list[int]],
    said: str,
    help_: str,
    *,
    entries: Iterable[int],
) -> Hit:
    name, mine = parts[place]
    by_first: dict[int, list[int]] = defaultdict(list)
    for key, places in keys.items():
        by_first[places[0]].append(key)
    pairs = [
        pair for first, some in by_first.items() for pair in zip(mine.of(some), parts[first][1].of(some), strict=True)
    ]
    rows = sum(here.rows for here, _ in pairs)
    here, there = min(pairs, key=lambda pair: _place(*pair))
    first = f"(first: row {here.row} of {here.file}, there row {there.row} of {there.file})"
    others = sorted(entries)
    sampled = next((parts[one][1].where for one in (place, *others) if parts[one][1].sampled), "")
    evidence: dict[str, Any] = {"rows": rows, "entries": [parts[other][0] for other in others[:LISTED]]}
    if len(others) > LISTED:
        evidence["num_entries"] = len(others)
    return Hit(f"{said}: {count(rows, 'row')} {first}{sampled}", help_, dataset=name, evidence=evidence)


def _names(parts: Sequence[Part], places: Iterable[int]) -> str:
    """The names of some entries, the first few of many."""
    places = sorted(places)
    shown = [f"`{clip(parts[place][0])}`" for place in places[:NAMED]]
    more = len(places) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _place(mine: HashGroup, theirs: HashGroup) -> tuple[str, int, str, int]:
    return mine.file, mine.row, theirs.file, theirs.row

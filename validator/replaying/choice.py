"""Which rows are replayed: the worst, matched controls among the unflagged, and blind controls mixed into the worst."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import xxhash

from validator.engine.run_files.finished import FinishedRun
from validator.replaying.population import Member, Stratum, members
from validator.replaying.settings import ReplaySettings

KEPT = 64
"""Rows kept of each stratum to draw matched controls from."""
RARITY = 2.0
"""What the rarest row gets on top of its risk score."""
NAMED = 1e6
"""What a row that was asked for by name gets on top."""
_SHARE_OF_BLIND = 5
"""At most one in this many unflagged rows is taken for blind: the others must carry the comparison."""


Pool = list[tuple[int, int, Member]]
"""Unflagged rows with their luck: the luckiest are kept."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen rows, disjoint. `eligible` is the number of unflagged rows in the run."""

    candidates: tuple[Member, ...]
    controls: tuple[Member, ...]
    blind: tuple[Member, ...]
    eligible: int

    @property
    def all(self) -> tuple[Member, ...]:
        """Every chosen row."""
        return self.candidates + self.controls + self.blind


def choose(run: FinishedRun, settings: ReplaySettings) -> Selection:
    """Choose from a finished run, in two passes, in memory bounded by the number of strata.

    The same run and seed give the same choice.
    """
    strata = Counter(member.stratum for member in members(run) if member.replayable)
    total = max(strata.total(), 2)
    worst: list[tuple[float, int, Member]] = []
    pools: dict[Stratum, Pool] = defaultdict(list)
    everywhere: Pool = []
    spare = settings.candidates + settings.controls + settings.blind
    eligible = 0
    wanted = frozenset(settings.rows)
    for member in members(run):
        if not member.replayable:
            continue
        rarity = 1 - math.log(strata[member.stratum]) / math.log(total)
        named = NAMED if member.key in wanted else 0.0
        ranked = replace(member, risk=round(_risk(member) + RARITY * rarity + named, 6))
        _keep(worst, settings.candidates, ranked.risk, ranked)
        if ranked.unflagged:
            eligible += 1
            luck = -xxhash.xxh3_64_intdigest(repr((settings.seed, *ranked.key)).encode())
            _keep(pools[ranked.stratum], KEPT, luck, ranked)
            _keep(everywhere, spare, luck, ranked)
    candidates = tuple(member for _, _, member in sorted(worst, key=lambda item: (-item[0], -item[1])))
    taken = {member.place for member in candidates}
    drawn = _drawn(everywhere, taken)
    blind = tuple(
        member for _, member in zip(range(min(settings.blind, eligible // _SHARE_OF_BLIND)), drawn, strict=False)
    )
    controls = draw_controls(candidates, pools, drawn, taken | {member.place for member in blind}, settings.controls)
    return Selection(candidates, controls, blind, eligible)


def draw_controls(
    candidates: Sequence[Member], pools: Mapping[Stratum, Pool], drawn: Iterator[Member], taken: set[int], most: int
) -> tuple[Member, ...]:
    """Controls in the order of the run: half of them beside the candidates, the others at random, none in `taken`."""
    controls: list[Member] = []
    taken = set(taken)
    for source in (_matched(candidates, pools, taken, most // 2), drawn):
        for member in source:
            if len(controls) == most:
                break
            if member.place not in taken:
                controls.append(member)
                taken.add(member.place)
    return tuple(sorted(controls, key=lambda member: member.place))


def _risk(member: Member) -> float:
    """The stored score, raised where an error finding about the row came later than its record."""
    from validator.facts.risk import REACHES_MODEL, STOPS_BEFORE

    floor = REACHES_MODEL if member.num_tokens else STOPS_BEFORE
    return member.risk + (floor if member.error and member.risk < STOPS_BEFORE else 0.0)


def _keep(
    heap: list[tuple[float, int, Member]] | list[tuple[int, int, Member]], most: int, rank: float, member: Member
) -> None:
    item = (rank, -member.place, member)
    if len(heap) < most:
        heapq.heappush(heap, item)  # type: ignore[misc]
    elif most and item[:2] > heap[0][:2]:
        heapq.heapreplace(heap, item)  # type: ignore[misc]


def _drawn(everywhere: Pool, taken: set[int]) -> Iterator[Member]:
    """Unflagged rows of the whole run at random, each as likely as any other."""
    for _, _, member in sorted(everywhere, key=lambda item: item[:2], reverse=True):
        if member.place not in taken:
            yield member


def _matched(
    candidates: Sequence[Member], pools: Mapping[Stratum, Pool], taken: set[int], most: int
) -> Iterator[Member]:
    """For one candidate after the other the nearest unflagged row that is left, by modality, length and labels."""
    queues = {
        stratum: [member for _, _, member in sorted(pool, key=lambda item: item[:2]) if member.place not in taken]
        for stratum, pool in pools.items()
    }
    reaching = [member for member in candidates if member.num_tokens]
    orders = {
        stratum: sorted(queues, key=lambda other: (_distance(stratum, other), other))
        for stratum in {member.stratum for member in reaching}
    }
    for number in count():
        if number >= most or not reaching:
            return
        order = orders[reaching[number % len(reaching)].stratum]
        nearest = next((stratum for stratum in order if queues[stratum]), None)
        if nearest is None:
            return
        yield queues[nearest].pop()


def _distance(left: Stratum, right: Stratum) -> int:
    return 100 * (left[0] != right[0]) + abs(left[1] - right[1]) + abs(left[2] - right[2])

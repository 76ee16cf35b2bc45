"""The goldens of the trainers: digests of what they make of the corpora, small enough to be kept, in groups that tell
where a difference is. The records behind them are written by

    python -m tests.goldens.digest OUT [VARIANT]... [--quick]

one line a row. To see what a difference is, run it here and on the commit before (`git worktree add`), and compare the
two folders: `diff -r`.
"""

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pytest import MonkeyPatch

from tests.goldens.corpora import CORPORA, make
from tests.goldens.measured import finished, profiles, rows

GROUP = 50
"""Rows that share a digest."""
PARTS = ("counts", "ids", "pairs", "segments")
VARIANTS: dict[str, dict[str, Any]] = {name: {"trainer": name} for name in profiles()} | {
    "llamafactory-mask_history": {"mask_history": True},
    "llamafactory-train_on_prompt": {"train_on_prompt": True},
    "llamafactory-default_system": {"default_system": "Be brief."},
    "unsloth-answers": {"trainer": "unsloth", "train_on_responses_only": True},
    "ms-swift-left": {"trainer": "ms-swift", "truncation_strategy": "left"},
    "ms-swift-right": {"trainer": "ms-swift", "truncation_strategy": "right"},
}


@dataclass(frozen=True, slots=True)
class Scale:
    """`rows` of each random corpus, about; `first`: rows of each file that are laid out; `runs`: corpora to run on."""

    rows: int
    first: int | None
    cutoffs: tuple[int, ...]
    runs: tuple[str, ...]


WHOLE = Scale(2000, None, (64, 200, 2048), CORPORA)
QUICK = Scale(100, 10, (200,), ("random",))
CUTOFF_OF_RUN = 200


def records(variant: str, scale: Scale, folders: Mapping[str, Path]) -> Iterator[tuple[str, str, list[Any]]]:
    """Corpus, what is looked at, and its records. `folders` are those of `corpora.make`."""
    settings = VARIANTS[variant]
    for corpus, folder in folders.items():
        with MonkeyPatch.context() as patch, TemporaryDirectory() as scratch:
            patch.chdir(folder)  # no path in a message is of this machine
            for cutoff in scale.cutoffs:
                yield corpus, f"cutoff_len {cutoff}", list(rows(scale.first, cutoff_len=cutoff, **settings))
            if corpus not in scale.runs:
                continue
            left = finished(Path(scratch), cutoff_len=CUTOFF_OF_RUN, **settings)
            for name in ("findings", "plans"):
                yield corpus, name, left[name]
            yield corpus, "samples", [{"column": key, "values": of_rows} for key, of_rows in left["samples"].items()]
            yield corpus, "summary", [left["summary"]]


def digests(variant: str, scale: Scale, folders: Mapping[str, Path]) -> dict[str, Any]:
    """What is kept: by corpus and what is looked at, totals and digests."""
    kept: dict[str, dict[str, Any]] = defaultdict(dict)
    for corpus, what, found in records(variant, scale, folders):
        kept[corpus][what] = _DIGESTS.get(what, _of_rows)(found)
    return kept


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


def _of_rows(found: list[dict[str, Any]]) -> dict[str, Any]:
    counts = [row["counts"] for row in found]
    totals = Counter(row["outcome"] for row in counts)
    names = ("num_tokens", "num_tokens_full", "num_image_tokens", "num_video_tokens", "num_label_tokens")
    sums = {name: sum(row[name] or 0 for row in counts) for name in names}
    groups = [found[start : start + GROUP] for start in range(0, len(found), GROUP)]
    kept = {part: " ".join(_hash([row[part] for row in group]) for group in groups) for part in PARTS}
    return {"rows": len(found), **dict(sorted(totals.items())), **sums, **kept}


def _of_findings(found: list[dict[str, Any]]) -> dict[str, str]:
    codes: dict[str, list[Any]] = defaultdict(list)
    for finding in found:
        codes[finding["code"]].append(finding)
    return {code: f"{len(some)} {_hash(some)}" for code, some in sorted(codes.items())}


def _of_plans(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"{option['cutoff_len']} {option['image_max_pixels']}": _hash(option) for option in found}


def _of_samples(found: list[dict[str, Any]]) -> dict[str, str]:
    return {column["column"]: _hash(column["values"]) for column in found}


_DIGESTS = {
    "findings": _of_findings,
    "plans": _of_plans,
    "samples": _of_samples,
    "summary": lambda found: {key: _hash(value) for key, value in found[0].items()},
}


def differing(known: Mapping[str, Any], found: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """A line for each difference; where digests of groups differ, the rows of the first such group."""
    for key in {**known, **found}:
        old, new, here = known.get(key), found.get(key), f"{place}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differing(old, new, f"{here}, ")
        elif key in PARTS and isinstance(old, str) and isinstance(new, str) and old != new:
            pairs = enumerate(zip(old.split(), new.split(), strict=False))
            groups = [number for number, (one, other) in pairs if one != other]
            first = groups[0] * GROUP if groups else 0
            yield f"{here}: {len(groups)} groups of rows, first among rows {first} to {first + GROUP - 1}"
        elif old != new:
            yield f"{here}: {old} is now {new}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_intermixed_args()
    out, scale = given.out.absolute(), QUICK if given.quick else WHOLE
    with TemporaryDirectory() as scratch:
        folders = make(Path(scratch), scale.rows)
        for variant in given.variants or VARIANTS:
            for corpus, what, found in records(variant, scale, folders):
                target = out / variant / corpus / f"{what}.jsonl"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("".join(f"{json.dumps(record, sort_keys=True)}\n" for record in found))


if __name__ == "__main__":
    main()

"""Rows that the trainer feeds whole and in which a run finds an error: none but those that are errors by design."""

from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from tests.conftest import check

BY_DESIGN = {
    "PH002": "the tokens of a medium become labels: the trainer feeds the row, and teaches what cannot be said",
    "PH003": "the placeholder stays text: the row speaks of a medium that is not shown there",
    "PH004": "text is parsed as control tokens: what is fed is another conversation than the row's",
}
"""Errors in rows that are fed whole (an error is what falsifies content in silence, too)."""


def accused(registry: Path, settings: dict[str, dict], theirs: dict, folder: Path) -> tuple[list[str], Counter]:
    """Check each entry; returns a line for each error in a row that the trainer feeds whole, and what was counted.

    `theirs`: the trainer's answers for the rows of each entry, in the order of the file; an entry that it does not load
    is left out. An error about the entry itself counts where every row is fed whole.
    """
    lines, counted = [], Counter()
    for name, answers in theirs.items():
        rows = answers.get("rows") if isinstance(answers, dict) else answers
        if not rows:
            continue
        result, findings = check(registry, folder / f"run of {name}", datasets=(name,), **settings.get(name, {}))
        errors = defaultdict(list)
        for found in findings:
            if found["severity"] == "error":
                errors[found["row"]].append(found)
        samples = pq.read_table(result.folder / "samples.parquet").to_pylist()
        whole = [fed_whole(sample, answer) for sample, answer in zip(samples, rows, strict=True)]
        against = [found for sample, fed in zip(samples, whole, strict=True) if fed for found in errors[sample["row"]]]
        against += errors[None] if all(whole) else []
        counted += Counter(rows=len(rows), whole=sum(whole), accused=len({found["row"] for found in against}))
        for found in against:
            counted[found["code"]] += 1
            if found["code"] not in BY_DESIGN:
                lines.append(f"{name} row {found['row']}: {found['code']} {found['message']}")
        for sample in samples:
            if sample["status"] == "flagged" and not errors[sample["row"]] and not errors[None]:
                lines.append(f"{name} row {sample['row']}: flagged, and no finding says why")
    print(dict(counted))
    return lines, counted


def fed_whole(sample: dict, answer: dict) -> bool:
    """Whether the trainer feeds a row with labels, and nothing of it is cut."""
    return answer["status"] == "ok" and answer["labels"] > 0 and answer["len"] == sample["num_tokens_full"]

"""What a run has written, to compare."""

import json

NAMES = ("samples.parquet", "findings.parquet", "findings.jsonl", "catalog.json")


def written(folder):
    """Everything that a run wrote, without its times."""
    summary = json.loads((folder / "summary.json").read_text())
    engine = summary.pop("timing")["engine"]
    return engine, [summary, *((folder / name).read_bytes() for name in NAMES)]

"""Entries that lie elsewhere: datasets on the Hugging Face hub, and JSON in cloud storage.

Source: LLaMA-Factory 0.9.5 `data/loader.py` and `read_cloud_json` in `data/data_utils.py`. They are only read when they
are named, since reading them downloads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from validator.catalog.entry import Entry
from validator.catalog.schema import schema_of
from validator.catalog.survey import Survey
from validator.catalog.table_rows import ROWS, survey_tables
from validator.findings import clip


class UnreachableError(Exception):
    """The data could not be fetched: nothing is known about it. The message is a sentence for the user."""


def survey_hub(entry: Entry) -> Survey:
    """Load a hub dataset with the `datasets` library, as the trainer does; images stay undecoded bytes.

    Raises UnreachableError, and ValueError in the library's words where it refuses the entry (an unknown split).
    """
    import datasets

    datasets.config.HF_DATASETS_TRUST_REMOTE_CODE = False  # before 2.20 loading scripts ran unasked
    if entry.location == "pandas":  # no repository: the library's reader of pickles, which new versions refuse
        raise UnreachableError("`pandas` reads pickles, which can run code when they are read")
    try:
        files = {} if entry.files is None else {"data_files": list(entry.files)}
        loaded = datasets.load_dataset(entry.location, entry.subset, data_dir=entry.folder, split=entry.split, **files)
    except datasets.exceptions.DatasetGenerationError as error:
        survey = Survey("parquet")
        survey.refuse(None, None, f"{error}: {error.__cause__}")
        return survey
    except (OSError, RuntimeError, ImportError) as error:
        said = clip(" ".join(str(error).split()), 150).rstrip(".")
        raise UnreachableError(
            f"the hub dataset {entry.location} cannot be loaded ({said}): correct its name, log in (hf auth login), or "
            f"download it (hf download {entry.location} --repo-type dataset --local-dir FOLDER) and name the folder"
        ) from None

    def tables() -> Iterator[pa.Table]:
        for table in loaded.with_format("arrow").iter(ROWS):
            yield table.replace_schema_metadata(None)

    return _survey(tables, schema_of(loaded.features.arrow_schema))


def survey_cloud(entry: Entry) -> Survey:
    """Read JSON or JSON lines from s3:// or gs:// storage at once; the columns are the keys of the first row.

    Raises UnreachableError, and ValueError where the trainer refuses the path.
    """
    rows = _fetch(entry.location)
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("the rows are not objects")

    def tables() -> Iterator[pa.Table]:
        if rows:
            yield pa.table({name: pa.array([row.get(name) for row in rows]) for name in rows[0]})

    return _survey(tables, None)


def _survey(tables: Any, schema: Any) -> Survey:
    survey = survey_tables(tables(), Survey("parquet"), schema)
    survey.tables = tables
    return survey


def _fetch(location: str) -> list[Any]:
    protocol = {"s3": "s3", "gs": "gcs", "gcs": "gcs"}.get(location.partition("://")[0])
    if protocol is None:
        raise ValueError(f"Unsupported protocol in path: {location}. Use 's3://' or 'gs://'.")
    try:
        system = _open(protocol, location)
        paths = [item["Key"] for item in system.listdir(location)] if system.isdir(location) else [location]
        paths = [path for path in paths if path.endswith((".json", ".jsonl"))]
        texts = {path: system.open(path, "r").read() for path in paths}
    except Exception as error:  # storage libraries raise errors of their own
        raise UnreachableError(f"{location} cannot be read: {error}") from None
    if not paths:
        raise ValueError(f"No JSON/JSONL files found in the specified path: {location}.")
    rows: list[Any] = []
    for path, text in texts.items():
        lines = path.endswith(".jsonl")
        rows += [json.loads(line) for line in text.split("\n") if line.strip()] if lines else json.loads(text)
    return rows


def _open(protocol: str, location: str) -> Any:
    """The storage, without a name first and then with the user's own, as the trainer tries it."""
    import fsspec

    try:
        system = fsspec.filesystem(protocol, anon=True)
        if system.exists(location):
            return system
    except Exception:  # refused to the nameless: the second attempt tells
        pass
    system = fsspec.filesystem(protocol)
    if not system.exists(location):
        raise FileNotFoundError(f"Path does not exist: {location}.")
    return system

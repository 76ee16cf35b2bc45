"""A check and an export of small data, and what lies there afterwards."""

import hashlib
import json
import os
from pathlib import Path

import jsonschema

from tests.conftest import ROOT, check, say
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.export import export
from validator.exporting.policy import make_policy

SCHEMA = json.loads((ROOT / "schemas" / "export.schema.json").read_text())


def run_and_export(
    folder, media="link", fix=False, severity="error", drop=(), keep=(), keep_unchecked=False, **settings
):
    """Check the registry in a folder, export it to `clean` beside, check that; returns export.json and its findings."""
    check(folder / "dataset_info.json", folder.parent / "run", **settings)
    policy = make_policy(severity, drop, keep, (), keep_unchecked)
    done = export(FinishedRun(folder.parent / "run"), folder.parent / "clean", policy, media, fix=fix)
    jsonschema.validate(done.record, SCHEMA)
    findings = []
    if any(item["kept"] for item in done.record["datasets"]):
        chosen = done.settings.model_dump()
        _, findings = check(chosen.pop("dataset_info"), folder.parent / "again", **chosen)
    return done.record, findings


def rows_of(path):
    text = path.read_text()
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def errors(findings):
    return [finding["code"] for finding in findings if finding["severity"] == "error"]


OURS = {"run", "clean", "again"}
"""Folders that a test has made beside the data."""


def state(home):
    """Everything below a folder but what tests make: kind, inode, time, permissions, where it leads, content."""
    found = {}
    for folder, names, files in os.walk(home):
        if folder == str(home):
            names[:] = set(names) - OURS
        for name in (*names, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            link = os.readlink(path) if os.path.islink(path) else None
            content = hashlib.sha256(Path(path).read_bytes()).hexdigest() if os.path.isfile(path) else None
            found[path] = (status.st_mode, status.st_ino, status.st_mtime_ns, status.st_size, link, content)
    return found


def shown(*images):
    return say("<image>" * len(images) + "a", "b", images=list(images))

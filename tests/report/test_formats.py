"""Every machine format: what it says of a small run, that its schema takes it, and that nothing in the data escapes."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from markdown_it import MarkdownIt

from tests.helpers.golden import assert_golden
from tests.report.conftest import written
from validator.engine.run_files.store import FindingsFile
from validator.engine.tables.finding_columns import to_batch
from validator.findings import Finding
from validator.report.finished import Finished
from validator.report.formats import TEXT_FORMATS, write_file
from validator.writing import Parts

HERE = Path(__file__).parent
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""Source: GitLab's documentation, "Code Quality report format"."""


def sarif_validator():
    schema = json.loads((HERE / "schemas" / "sarif-2.1.0.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def valid(name, text):
    """Raise where a format's own schema or parser refuses a text; returns what it holds."""
    if name == "sarif":
        document = json.loads(text)
        sarif_validator().validate(document)
        return document
    if name == "junit":
        xmlschema.XMLSchema(str(HERE / "schemas" / "junit-10.xsd")).validate(text)
        return ElementTree.fromstring(text)
    if name == "gitlab":
        document = json.loads(text)
        jsonschema.validate(document, GITLAB)
        assert len({issue["fingerprint"] for issue in document}) == len(document)
        return document
    if name == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if name == "json" else text


@pytest.mark.golden
@pytest.mark.parametrize("name", [name for name in TEXT_FORMATS if name not in ("json", "junit")])
def test_golden(run, name):
    text = written(name, run)
    valid(name, text)
    text = re.sub(r'"semanticVersion": "[^"]+"', '"semanticVersion": "0"', text)
    assert_golden(HERE / "golden" / f"{name}.txt", text)


def test_junit_has_a_case_for_each_rule_and_dataset(run):
    root = valid("junit", written("junit", run))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["array", "lost", "shots", "gate"]
    rows = {one.get("name"): one.get("value") for one in suites["shots"].find("properties")}
    assert rows["rows stops"] == "2" and sum(map(int, rows.values())) == 5
    ran = {case.get("name") for case in suites["shots"].findall("testcase")}
    assert ran == {case.get("name") for case in suites["array"].findall("testcase")} and "CV002 odd-turn-count" in ran
    assert not any(name.startswith(("RP", "TK008")) for name in ran)  # not run, so no case
    failed = {
        name: [case.get("name") for case in suite if case.find("failure") is not None] for name, suite in suites.items()
    }
    assert failed == {
        "array": [],  # accepted by the baseline
        "lost": ["DI002 data-file-missing"],
        "shots": ["MD001 media-missing"],  # CV002 is judged by its rate
        "gate": ["max-rate CV002 of all datasets"],
    }
    text = suites["shots"].find("testcase/failure").text
    assert text.splitlines()[0].startswith("shots.jsonl row 1: the image `gone.png`") and "shots.jsonl row 3: " in text
    assert (root.get("failures"), root.get("errors")) == ("3", "0")


def test_json_marks_what_is_accepted(run):
    document = valid("json", written("json", run))
    assert document["findings"] == valid("jsonl", written("jsonl", run))
    assert [finding["dataset"] for finding in document["findings"] if finding.get("accepted")] == ["array"]
    schema = json.loads((HERE.parents[1] / "schemas" / "finding.schema.json").read_text())
    for finding in document["findings"]:
        jsonschema.validate(finding, schema)
    jsonschema.validate(
        document["summary"], json.loads((HERE.parents[1] / "schemas" / "summary.schema.json").read_text())
    )


def test_places(run):
    """Rows are found in lines with gaps between them and in an indented array, entries in dataset_info.json."""
    places = {
        (issue["check_name"], issue["location"]["path"]): issue["location"]["lines"]["begin"]
        for issue in json.loads(written("gitlab", run))
    }
    text = Path("dataset_info.json").read_text().splitlines()
    assert places[("LB002", "shots.jsonl")] == 5 and places[("CV002", "shots.jsonl")] == 9
    sarif = json.loads(written("sarif", run))["runs"][0]["results"]
    array = next(result for result in sarif if result["properties"]["dataset"] == "array")
    line = array["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert Path("array.json").read_text().splitlines()[line - 1].strip() == "{" and line > 2
    assert array["suppressions"] == [{"kind": "external", "justification": "accepted by the baseline"}]
    assert text  # the registry is there


def test_github_job_summary(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    written("github", run)
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == written("markdown", run)


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_hostile_text_stays_text(hostile, name):
    text = written(name, hostile)
    valid(name, text)
    assert not set(text) & {"\x00", "\x1b", "\r"}
    if name not in ("json", "jsonl"):  # their escapes are JSON's
        assert "\u202e" not in text and max(map(len, text.splitlines())) < 6000
    lines = text.splitlines()
    if name == "github":
        commands = [line for line in lines if line.lstrip().startswith("::")]
        assert all(
            re.match(r"::(error|warning|notice) file=[^:,]*(,line=\d+)?,title=[^:,]*::[^:]", line) for line in commands
        )
        assert "##[" not in text, "the runner writes messages into its log, where that is a command"
        assert commands == lines[: len(commands)] and "::error::x" not in " ".join(lines[len(commands) :])
    if name == "markdown":
        tokens = [
            child for token in MarkdownIt("commonmark").enable("table").parse(text) for child in token.children or ()
        ]
        assert {token.type for token in tokens} <= {"text", "code_inline", "softbreak"}
        assert not any(
            "@someone" in token.content or "##[" in token.content for token in tokens if token.type == "text"
        )
        assert any("@someone" in token.content for token in tokens if token.type == "code_inline")


@pytest.mark.proof
def test_limits_of_hosts(run, tmp_path):
    """A run with 30,000 pairs of rule and dataset, more than any host takes."""
    line = json.loads((run.folder / "findings.jsonl").read_text().splitlines()[0])
    parts = Parts(run.folder)
    with FindingsFile(parts) as file:
        for number in range(0, 30_000, 100):
            some = line | {"dataset": f"d{number // 100:03}", "file": "a.csv", "row": 0, "message": "m" * 5000}
            kinds = [(f"ZZ{rest:03}", ("error", "warning", "info")[(number + rest) % 3]) for rest in range(100)]
            file.add(to_batch([Finding(**some | {"code": code, "severity": severity}) for code, severity in kinds]))
    parts.keep("findings.jsonl", "findings.parquet")
    (run.folder / "accepted.json").unlink()
    big = Finished(run.folder)
    assert len(big.groups) == 30_000
    sarif = written("sarif", big)
    assert len(sarif.encode()) < 10_000_000
    results = json.loads(sarif)["runs"][0]["results"]
    assert 500 <= len(results) <= 5000 and {result["level"] for result in results} == {"error"}
    commands = [text.split(" ")[0] for text in written("github", big).splitlines() if text.startswith("::")]
    assert {kind: commands.count(kind) for kind in set(commands)} == {"::error": 10, "::warning": 10, "::notice": 10}
    from validator.report import github, markdown

    assert 800_000 < len(markdown.text(big, github.SUMMARY_BYTES).encode()) < 1 << 20
    assert len(json.loads(written("gitlab", big))) == 5000


def test_files(run, tmp_path):
    write_file("sarif", run, tmp_path / "new" / "out.sarif")
    write_file("parquet", run, tmp_path / "out.parquet")
    assert (tmp_path / "new" / "out.sarif").read_text() == written("sarif", run)
    assert (tmp_path / "out.parquet").read_bytes() == (run.folder / "findings.parquet").read_bytes()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.sarif"]

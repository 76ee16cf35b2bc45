"""A finished run as an object: its tables, a page for notebooks, reports, baselines, and what opening one may say."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import mmvalidate
from mmvalidate import ChangedRunError, FailedCheckError, RefusedPathError, UnusableRunError
from tests.api.conftest import ALONE
from tests.conftest import findings_of


def test_what_it_says(run):
    assert (run.passed, run.exit_code, run.reasons, str(run.folder)) == (False, 1, ["2 errors"], "run")
    assert run.settings.cutoff_len == 200 and run.summary["rows"]["total"] == 4
    assert repr(run).startswith("<mmvalidate run in run: failed: training stops at 2 rows")


def test_tables(run):
    assert (len(run.samples), len(run.findings)) == (4, run.summary["findings"]["error"] + 1)
    assert [vars_of(finding) for finding in run.findings] == list(findings_of(run.folder))
    assert list(run.samples) == pq.read_table(run.samples.path).to_pylist() == run.samples.to_arrow().to_pylist()
    assert run.samples.to_arrow(["row", "status"]).to_pydict() == {
        "row": [0, 1, 2, 3],
        "status": ["ok", "flagged", "flagged", "ok"],
    }
    assert run.findings.to_pandas(["code"]).code.tolist() == [finding.code for finding in run.findings]
    assert repr(run.samples) == "<mmvalidate table in run/samples.parquet>"


def vars_of(finding):
    return {name: getattr(finding, name) for name in finding.__slots__}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["statu"], "There is no column statu. Columns: dataset, file, row, "),
        ("status", "columns is a list: ['status']."),
    ],
)
def test_a_column_that_is_not_there(run, columns, sentence):
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        run.samples.to_pandas(columns)


def truncate(name):
    def damage(folder):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])

    return damage


def summary_with(**changes):
    def damage(folder):
        summary = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps(summary | changes))

    return damage


DAMAGED = {
    "missing": (shutil.rmtree, "run is not a finished run: there is no such folder. Finished here: .mmvalidate/other."),
    "another folder": (
        lambda folder: (shutil.rmtree(folder), folder.mkdir()),
        "run is not a finished run: it holds no summary.json. Finished here: .mmvalidate/other.",
    ),
    "unfinished": (
        lambda folder: (folder / "summary.json").unlink(),
        "run holds a run that has not ended (no summary.json): the command that started it continues from there.",
    ),
    "later": (
        summary_with(schema_version=2),
        "run/summary.json cannot be used: it was written by a later version of mmvalidate (format 2, not 1). Run "
        "mmvalidate again on the data.",
    ),
    "earlier": (
        summary_with(schema_version=0),
        "run/summary.json cannot be used: it was written by an earlier version of mmvalidate (format 0, not 1). Run "
        "mmvalidate again on the data.",
    ),
    "settings of another": (
        summary_with(settings={"x": 1}),
        "run/summary.json cannot be used: it holds settings that are none (Field required). Run mmvalidate again on "
        "the data.",
    ),
    "half a summary": (truncate("summary.json"), "run/summary.json cannot be used: it is damaged ("),
    "half of the findings": (truncate("findings.jsonl"), "run/findings.jsonl cannot be used: it holds "),
    "half a table": (truncate("samples.parquet"), "run/samples.parquet cannot be used: it is damaged ("),
    "no table": (
        lambda folder: (folder / "findings.parquet").unlink(),
        "run/findings.parquet cannot be used: it is missing. Run mmvalidate again on the data.",
    ),
    "another table": (
        lambda folder: shutil.copy(folder / "findings.parquet", folder / "samples.parquet"),
        "run/samples.parquet cannot be used: it does not hold the columns that this version of mmvalidate writes. Run "
        "mmvalidate again on the data.",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_run_that_cannot_be_used(home, case):
    shutil.copytree("run", ".mmvalidate/other")
    damage, sentence = DAMAGED[case]
    damage(Path("run"))
    with pytest.raises(UnusableRunError, match="^" + re.escape(sentence)) as raised:
        mmvalidate.open_run("run")
    assert "\n" not in str(raised.value)
    with pytest.raises(UnusableRunError):
        mmvalidate.diff(".mmvalidate/other", "run")


def test_a_run_may_be_moved(home, run):
    shutil.move("run", "elsewhere")
    moved = mmvalidate.open_run(home / "elsewhere")
    assert [finding.code for finding in moved.findings] and moved.row(1).input_ids
    with pytest.raises(ChangedRunError, match=r"^run was written to since this run was opened: open it again with "):
        len(run.findings)


def test_a_run_is_no_longer_read_where_another_lies_there(home, run):
    reads = (
        lambda: len(run.samples),
        lambda: run.findings.to_pandas(),
        lambda: list(run.findings),
        lambda: list(run.samples),
        lambda: run.row(0),
    )
    for read in reads:
        read()
    mmvalidate.check("dataset_info.json", run_dir="run", execution=ALONE)
    for read in reads:
        with pytest.raises(ChangedRunError, match=r"^run was written to since this run was opened"):
            read()
    assert "4 rows" in repr(run) and "samples" in repr(run.samples) and "4 rows" in run._repr_html_()


def test_damage_after_it_was_opened(run):
    truncate("samples.parquet")(run.folder)
    for read in (lambda: run.samples.to_arrow(), lambda: list(run.samples), lambda: run.row(0)):
        with pytest.raises(UnusableRunError, match=r"^run/samples.parquet cannot be used: it is damaged"):
            read()


def test_the_gate(home, run):
    with pytest.raises(FailedCheckError, match=r"^failed: training stops at 2 rows.*\n2 errors$"):
        run.raise_for_findings()
    accepted = run.accept("baseline.json", "known")
    assert accepted.raise_for_findings() is accepted and accepted.passed
    assert set(re.findall(r'"reason": *"(.*?)"', Path("baseline.json").read_text())) == {"known"}
    (Path("other.json")).write_text("[]")
    with pytest.raises(ValueError, match="is not a baseline"):
        accepted.accept("other.json")


@pytest.mark.parametrize(("gate", "code"), [({"select": ["XX"]}, 0), ({"select": ["XX"], "min_rows": 5}, 1)])
def test_what_passes(home, gate, code):
    run = mmvalidate.check("dataset_info.json", run_dir="gated", execution=ALONE, **gate)
    assert (run.exit_code, run.passed) == (code, code == 0)


def test_reports(home, run, mmvalidate):
    assert run.report("out/found.sarif", "sarif") == Path("out/found.sarif")
    mmvalidate("report", "run", "--report", "sarif=command.sarif", cwd=home)
    assert Path("out/found.sarif").read_bytes() == Path("command.sarif").read_bytes()
    with pytest.raises(ValueError, match=r"^format is one of html, parquet, .*, not pdf.$"):
        run.report("x.pdf", "pdf")
    before = Path("data.jsonl").read_bytes()
    with pytest.raises(RefusedPathError, match=r"^data.jsonl is a file that the run needs"):
        run.report("data.jsonl", "json")
    assert Path("data.jsonl").read_bytes() == before


def test_a_page_for_a_notebook(home):
    """Of a run folder that lies, in a folder with a hostile name."""
    folder = home / "<script>\x1b"
    shutil.copytree("run", folder)
    summary = json.loads((folder / "summary.json").read_text())
    summary["gate"]["reasons"] = ["<script>\x1b[2J", "\u202e"]
    summary["rules"][0]["name"] = "<img src=x>\x00"
    (folder / "summary.json").write_text(json.dumps(summary))
    run = mmvalidate.open_run(folder)
    page = run._repr_html_()
    page.encode(), repr(run).encode(), repr(run.samples).encode()
    assert page.count("&lt;script&gt;") == 2 and "&lt;img src=x&gt;" in page
    assert "<script" not in page and "<img" not in page and not set(page) & {"\x1b", "\x00", "\u202e"}
    assert "<td>error</td>" in page and "<b>failed: training stops" in page

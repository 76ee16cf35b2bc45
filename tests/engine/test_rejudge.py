"""A finished run judged again equals a full run under the same settings, to the byte, without its data."""

import shutil

import pyarrow.parquet as pq
import pytest

from tests.conftest import check, say
from tests.engine.data import make_registry
from tests.engine.written import written
from tests.tiers import first, many
from tests.trainers.trl_corpus import make_answers_corpus, write_trl_corpus
from validator.engine.execution.judge import Judge
from validator.engine.gate.gate import Tables
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files.amend import amend
from validator.engine.run_files.finished import FinishedRun
from validator.engine.tables import finding_columns
from validator.engine.tables.finding_columns import stored, to_findings
from validator.execution import Execution
from validator.findings import Finding
from validator.rules.registry import find_rule

pytestmark = pytest.mark.larger


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rejudge")
    make_registry(folder, many(40, 300))
    check(folder / "dataset_info.json", folder / "run")
    return folder


@pytest.mark.parametrize("asked", [True, False])
def test_answers_alone_are_learned_as_in_a_full_run(tmp_path, asked):
    corpus = make_answers_corpus(1, 100)
    data = next(file for file in corpus["files"] if file.endswith(".jsonl"))
    write_trl_corpus(corpus, tmp_path)
    given = {"trainer": "unsloth", "cutoff_len": 300}
    check(tmp_path / data, tmp_path / "run", **given, train_on_responses_only=not asked)
    check(tmp_path / data, tmp_path / "full", **given, train_on_responses_only=asked)
    run = FinishedRun(tmp_path / "run")
    rejudge(run, settings_of(run, {"train_on_responses_only": asked}), tmp_path / "again")
    assert written(tmp_path / "again")[1] == written(tmp_path / "full")[1]


@pytest.mark.parametrize(
    "changes",
    first(
        3,
        [
            {"cutoff_len": 300, "mask_history": True},
            {"image_max_pixels": 10**7, "image_min_pixels": 10**6},
            {"select": ("TK", "PH"), "fail_on": "warning"},
            {"cutoff_len": 64},
            {"image_max_pixels": 20_000, "train_on_prompt": True},
            {"ignore": ("MD001",)},
            {"cutoff_len": 10**6, "image_max_pixels": 1200, "image_min_pixels": 1024},
        ],
    ),
)
def test_equal_to_a_full_run(home, tmp_path, changes):
    check(home / "dataset_info.json", tmp_path / "full", **changes)
    rejudge(
        FinishedRun(home / "run"),
        settings_of(FinishedRun(home / "run"), changes),
        tmp_path / "again",
        execution=Execution(shard_rows=23),
    )
    assert written(tmp_path / "again")[1] == written(tmp_path / "full")[1]


@pytest.mark.parametrize(
    ("changes", "judged"),
    [
        ({"cutoff_len": 7000}, "none"),
        ({"fail_on": "warning"}, "none"),
        ({"image_max_pixels": 20_000}, "rows with media"),
        ({"cutoff_len": 64}, "long rows"),
        ({"mask_history": True}, "all"),
        ({"severity": {"CV": "info"}}, "all"),
    ],
)
def test_rows_for_which_nothing_changes_are_not_judged(home, tmp_path, monkeypatch, changes, judged):
    seen = tmp_path / "judged.txt"
    seen.touch()
    row = Judge.row

    def noted(self, facts):
        with seen.open("a") as file:
            file.write("media\n" if facts.media else f"{facts.num_tokens_full}\n")
        return row(self, facts)

    monkeypatch.setattr(Judge, "row", noted)
    rejudge(
        FinishedRun(home / "run"),
        settings_of(FinishedRun(home / "run"), changes),
        tmp_path / "again",
        execution=Execution(workers=0),
    )
    lines = seen.read_text().splitlines()
    rows = pq.read_table(home / "run" / "samples.parquet", columns=["num_tokens_full", "media"]).to_pylist()
    wanted = {
        "none": 0,
        "all": len(rows),
        "rows with media": sum(bool(row["media"]) for row in rows),
        "long rows": sum((row["num_tokens_full"] or 0) > 64 for row in rows),
    }
    assert len(lines) == wanted[judged]
    assert judged != "rows with media" or set(lines) == {"media"}


def test_a_judged_run_is_judged_again(home, tmp_path):
    check(home / "dataset_info.json", tmp_path / "full", cutoff_len=100, image_max_pixels=1048576)
    steps = [{"cutoff_len": 64}, {"image_max_pixels": 20_000}, {"image_max_pixels": 1048576}, {"cutoff_len": 100}]
    for number, changes in enumerate(steps):
        before = tmp_path / str(number) if number else home / "run"
        rejudge(FinishedRun(before), settings_of(FinishedRun(before), changes), tmp_path / str(number + 1))
    assert written(tmp_path / "4")[1] == written(tmp_path / "full")[1]


def test_findings_that_a_later_step_changed_are_made_again(home, tmp_path):
    shutil.copytree(home / "run", tmp_path / "run")
    before = written(tmp_path / "run")[1]
    extra = Finding(
        code="RP001",
        name="replay-crash",
        severity="error",
        dataset="lines",
        file="lines.jsonl",
        row=3,
        sample_id="3",
        turn=None,
        media_index=None,
        message="it fell",
        help="look",
    )
    amend(FinishedRun(tmp_path / "run"), "RP", [extra], (find_rule("RP001"),), {})
    assert b"it fell" in (tmp_path / "run" / "findings.jsonl").read_bytes()
    rejudge(FinishedRun(tmp_path / "run"), settings_of(FinishedRun(tmp_path / "run"), {}), tmp_path / "run")
    assert written(tmp_path / "run")[1] == before


def test_without_data_and_in_place(home, tmp_path):
    shutil.copytree(home / "run", tmp_path / "run")
    (summary, *before) = written(tmp_path / "run")[1]
    assert summary.pop("assumed") == ["cutoff_len", "image_max_pixels"]
    assert rejudge(
        FinishedRun(tmp_path / "run"), settings_of(FinishedRun(tmp_path / "run"), {"cutoff_len": 64}), tmp_path / "run"
    )
    assert written(tmp_path / "run")[1][1:] != before
    rejudge(
        FinishedRun(tmp_path / "run"),
        settings_of(FinishedRun(tmp_path / "run"), {"cutoff_len": 8192}),
        tmp_path / "run",
    )
    (again, *files) = written(tmp_path / "run")[1]
    assert again.pop("assumed") == ["image_max_pixels"]  # the other one has been named
    assert (again, files) == (summary, before)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere is not a finished run: there is no such folder."),
        (("run", "--cutoff-len", "0"), "cutoff_len should be greater than or equal to 1"),
        (("run", "--select", "TK9"), "There is no rule TK9."),
    ],
)
def test_sentences(home, mmvalidate, arguments, sentence):
    done = mmvalidate("rejudge", *arguments, cwd=home)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_clean(home, mmvalidate, tmp_path):
    shutil.copytree(home / "run", tmp_path / ".mmvalidate" / "run")
    (tmp_path / ".mmvalidate" / "other").mkdir()
    done = mmvalidate("clean", cwd=tmp_path)
    assert "not a run folder, left alone" in done.stdout and "MB of cache removed" in done.stdout
    assert (tmp_path / ".mmvalidate" / "run" / "summary.json").exists()
    assert not (tmp_path / ".mmvalidate" / "run" / "cache").exists()


def test_long_findings_come_in_pieces(dataset, monkeypatch):
    """A column of lines holds less than 2 GiB."""
    dataset.write([say("a", "")] * 5)
    dataset.check()
    tables = Tables.of(dataset.folder / "run")
    whole = [line for batch in stored(tables.findings, tables.lines) for line in to_findings(batch)]
    monkeypatch.setattr(finding_columns, "PIECE", 1)
    pieces = [to_findings(batch) for batch in stored(tables.findings, tables.lines)]
    assert [len(piece) for piece in pieces] == [1] * len(whole) and [line for (line,) in pieces] == whole


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"template": "qwen3_vl"}, "mask_history decides which thoughts"),
        ({"template": "qwen3_vl", "preserve_thinking": True}, None),
        ({"template": "qwen3_vl_nothink"}, None),
        ({"template": "qwen3_vl", "trainer": "llamafactory@0.9.4"}, None),
    ],
)
def test_mask_history_is_put_to_facts_unless_it_takes_thoughts(dataset, tmp_path, settings, said):
    rows = [say("q", "<think>\nhm\n</think>\n\na", "q", "b"), say("q", "a")]
    dataset.write(rows)
    dataset.check(processor="qwen3-vl", **settings)
    run = FinishedRun(tmp_path / "run")
    if said:
        with pytest.raises(ValueError, match=said):
            settings_of(run, {"mask_history": True})
        again, _ = dataset.check(processor="qwen3-vl", **settings, mask_history=True)  # nothing is taken from the cache
        full = check(dataset.registry, tmp_path / "full", processor="qwen3-vl", **settings, mask_history=True)[0]
    else:
        again = rejudge(run, settings_of(run, {"mask_history": True}), tmp_path / "again")
        full = check(dataset.registry, tmp_path / "full", processor="qwen3-vl", **settings, mask_history=True)[0]
    assert written(again.folder)[1] == written(full.folder)[1]

"""What makes a run: the same as the command makes, and a sentence where it cannot be made."""

import asyncio
import multiprocessing.spawn
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import mmvalidate
from mmvalidate import Execution, Settings
from tests.api.conftest import ALONE
from tests.conftest import ROOT
from validator.children import without_main
from validator.run_folder.lock import hold

TABLES = ("findings.jsonl", "findings.parquet", "samples.parquet", "catalog.json")
BROKEN_RULE = '''"""It fails."""

from mmvalidate import row_rule


@row_rule("MY001", "it-fails", "error")
def check(case):
    """Fail."""
    raise KeyError(1)
'''


def files(folder):
    return [(Path(folder) / name).read_bytes() for name in TABLES]


def test_the_files_are_those_of_the_command(home, mmvalidate):
    done = mmvalidate("dataset_info.json", "--cutoff-len", 200, "--run-dir", "other", "--workers", 0, cwd=home)
    assert done.returncode == 1
    assert files("run") == files("other")


def test_settings_may_be_an_object_with_changes(home):
    chosen = Settings(dataset_info="dataset_info.json", cutoff_len=200)
    runs = (
        mmvalidate.check(chosen, run_dir="one", execution=ALONE),
        mmvalidate.check(Path("dataset_info.json"), cutoff_len=200, run_dir="two", execution=ALONE),
        mmvalidate.check(Settings(dataset_info="dataset_info.json"), cutoff_len=200, run_dir="three", execution=ALONE),
    )
    assert [(run.settings, files(run.folder)) for run in runs] == [(chosen, files("run"))] * 3


def test_the_least_of_pixels_is_that_of_the_trainer_unless_it_is_given(home):
    def least(**given):
        settings = Settings(dataset_info="dataset_info.json", **given)
        return mmvalidate.check(
            settings, trainer="ms-swift", run_dir="swift", execution=ALONE
        ).settings.image_min_pixels

    assert least() == Settings(dataset_info="x", trainer="ms-swift").image_min_pixels != 784
    assert least(image_min_pixels=784) == 784


def test_it_is_kept_where_the_command_keeps_it(home):
    run = mmvalidate.check("dataset_info.json", execution=ALONE)
    assert (run.folder, run.settings.cutoff_len) == (Path(".mmvalidate") / home.name, 8192)


def test_a_later_step_gives_another_run(home, run):
    again = mmvalidate.rejudge(run, cutoff_len=8192, run_dir="again")
    assert [(one.code, one.row) for one in run.findings if one.severity == "error"] == [("TK001", 1), ("MD001", 2)]
    assert [one.code for one in again.findings if one.severity == "error"] == ["MD001"]
    comparison = mmvalidate.diff(run, again)
    assert (comparison.new_errors, comparison.gone["TK001", "error"]) == (0, 1)
    assert comparison.record()["findings"]["gone"]["error"] == 1
    plan = mmvalidate.plan("run", cutoff_len=[8192, 200])
    assert [(option.cutoff_len, option.counts.image_cut) for option in plan.options] == [(200, 1), (8192, 0)]
    side_by_side = mmvalidate.plan_models("run", ["qwen3-vl", "embedded"], cutoff_len=8192)
    models = [(model.processor, model.option.cutoff_len, model.option.counts) for model in side_by_side.models]
    assert models[0] == ("qwen2-vl", 8192, plan.options[1].counts)
    with_it = mmvalidate.check("dataset_info.json", cutoff_len=8192, processor="qwen3-vl", run_dir="other")
    assert models[1:] == [("qwen3-vl", 8192, mmvalidate.plan(with_it).options[0].counts)]
    assert {model.processor for model in mmvalidate.plan_models(run).models} == {"qwen2-vl", "qwen2.5-vl", "qwen3-vl"}
    done = mmvalidate.export(run, "clean", keep=["TK001"])
    assert (done.record["run"], [item["kept"] for item in done.record["datasets"]]) == ("run", [3])
    copy = mmvalidate.check_copy(done, run_dir="copy", execution=ALONE)
    assert (copy.summary["rows"]["total"], copy.settings.cutoff_len) == (3, 200)


USES = {
    "a registry that is not there": (lambda run: mmvalidate.check("no.json"), "no.json does not exist."),
    "an unknown setting": (
        lambda run: mmvalidate.check("dataset_info.json", cutof_len=4),
        "There is no setting cutof_len. Did you mean cutoff_len?",
    ),
    "what belongs to an execution": (
        lambda run: mmvalidate.check("dataset_info.json", workers=2),
        "workers is not a setting: give it as execution=Execution(workers=...).",
    ),
    "a value out of range": (
        lambda run: mmvalidate.check("dataset_info.json", cutoff_len=0),
        "cutoff_len should be greater than or equal to 1, not 0",
    ),
    "an unknown trainer": (
        lambda run: mmvalidate.check("dataset_info.json", trainer="x"),
        "There is no trainer profile x. Known: llamafactory, ...",
    ),
    "settings that cannot be combined": (
        lambda run: mmvalidate.check("dataset_info.json", mask_history=True, train_on_prompt=True),
        "mask_history cannot be combined with train_on_prompt: the trainer refuses it",
    ),
    "a rule that is not there": (
        lambda run: mmvalidate.check("dataset_info.json", ignore=["XY999"]),
        "There is no rule XY999....",
    ),
    "rejudge by an unknown setting": (
        lambda run: mmvalidate.rejudge(run, cutof_len=1),
        "There is no setting cutof_len. Did you mean cutoff_len?",
    ),
    "rejudge by what needs the data": (
        lambda run: mmvalidate.rejudge(run, media_dir="x"),
        "media_dir cannot be changed without reading the data again: run mmvalidate again.",
    ),
    "rejudge by a value out of range": (
        lambda run: mmvalidate.rejudge(run, image_max_pixels=1),
        "image_max_pixels (1) cannot be smaller than image_min_pixels (1024): the trainer refuses it",
    ),
    "plan of no cutoff": (
        lambda run: mmvalidate.plan(run, cutoff_len=[0]),
        "cutoff_len should be greater than or equal to 1, not 0",
    ),
    "plan of empty batches": (
        lambda run: mmvalidate.plan(run, batch_size=0),
        "batch_size (0) cannot be smaller than 1.",
    ),
    "plan of a model that is not there": (
        lambda run: mmvalidate.plan_models(run, ["no/such/model"]),
        "--processor no/such/model: there is no such folder, and it is not a hub id (ORGANISATION/NAME).",
    ),
    "plan of a text for a list": (
        lambda run: mmvalidate.plan_models(run, "qwen3-vl"),
        "processors is a list: ['qwen3-vl'].",
    ),
    "plan of models by no cutoff": (
        lambda run: mmvalidate.plan_models(run, cutoff_len=0),
        "cutoff_len should be greater than or equal to 1, not 0",
    ),
    "export by an unknown severity": (
        lambda run: mmvalidate.export(run, "to", drop_on="bad"),
        "drop_on is one of error, warning, info, not bad.",
    ),
    "export of media in an unknown way": (
        lambda run: mmvalidate.export(run, "to", media="bad"),
        "media is one of link, copy, reference, not bad.",
    ),
    "export by a text for a list": (
        lambda run: mmvalidate.export(run, "to", drop="TK001"),
        "drop is a list: ['TK001'].",
    ),
    "export to a folder that is taken": (
        lambda run: mmvalidate.export(run, "run"),
        "run is not empty: name a new folder with --to.",
    ),
    "audit of nothing": (lambda run: mmvalidate.audit(), "name a training file, or a checkpoint with --checkpoint"),
    "audit of a file that is not there": (
        lambda run: mmvalidate.audit("no.yaml"),
        "The training file no.yaml cannot be read: No such file or directory.",
    ),
    "audit for no GPU": (lambda run: mmvalidate.audit("x.yaml", gpus=0), "gpus (0) cannot be smaller than 1."),
    "replay by an unknown setting": (
        lambda run: mmvalidate.replay(run, candidate=3),
        "There is no setting candidate. Did you mean candidates?",
    ),
    "replay in fp16": (lambda run: mmvalidate.replay(run, dtype="fp16"), "dtype fp16 is refused: Qwen2-VL's ..."),
    "replay without torch": (
        lambda run: mmvalidate.replay(run),
        "--replay needs torch and transformers: pip install 'mmvalidate[replay]'",
    ),
}


@pytest.mark.parametrize("use", USES)
def test_what_cannot_be_is_a_sentence(run, use, monkeypatch):
    monkeypatch.setattr("validator.replaying.possible.find_spec", lambda name: None)
    call, sentence = USES[use]
    with pytest.raises(ValueError) as raised:
        call(run)
    said = str(raised.value)
    assert said.startswith(sentence[:-3]) if sentence.endswith("...") else said == sentence
    assert "\n" not in said


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        (Execution, {"workers": -1}, "workers.*greater than or equal to 0"),
        (Execution, {"row_timeout": 0}, "row_timeout.*greater than or equal to 1"),
        (Execution, {"memory_limit": 1}, "memory_limit.*greater than or equal to 128"),
        (Execution, {"workers": 2, "scheduler": "tcp://x:1"}, "cannot be combined"),
        (Execution, {"worker": 2}, "worker.*Extra inputs are not permitted"),
        (Settings, {"dataset_info": "x", "cutoff_len": 0}, "cutoff_len.*greater than or equal to 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_an_object_cannot_be_is_a_value_error(model, given, reason):
    with pytest.raises(ValueError, match=f"(?s){reason}"):
        model(**given)


@pytest.mark.parametrize(
    ("place", "error", "sentence"),
    [
        ("a.png", mmvalidate.NotOursError, "is not a folder: results of a run need one of their own."),
        (".", mmvalidate.NotOursError, "holds a.png and is not a run folder"),
    ],
)
def test_results_take_the_place_of_nothing_else(home, place, error, sentence):
    with pytest.raises(error, match=sentence):
        mmvalidate.check("dataset_info.json", run_dir=place, execution=ALONE)


def test_a_busy_folder(home, run):
    with hold(Path("run"), "check"), ThreadPoolExecutor() as pool:
        for call in (
            lambda: mmvalidate.check("dataset_info.json", run_dir="run"),
            lambda: mmvalidate.rejudge(run, cutoff_len=300),
            lambda: run.accept("baseline.json"),
        ):
            with pytest.raises(mmvalidate.BusyError, match=r"run is in use by `mmvalidate \w+` \(process \d+\): wait"):
                pool.submit(call).result()


def test_a_rule_that_fails(home):
    Path("rule.py").write_text(BROKEN_RULE)
    with pytest.raises(mmvalidate.RuleError, match=r"^the rule MY001 of .*rule.py failed: KeyError: 1$"):
        mmvalidate.check("dataset_info.json", rules=["rule.py"], run_dir="ruled", execution=ALONE)


def test_settings_for_an_entry_that_is_not_here_warn(home):
    with pytest.warns(UserWarning, match=r"^\[per-dataset.dat\] is no entry here. Did you mean data\?$") as told:
        mmvalidate.check("dataset_info.json", per_dataset={"dat": {"min_rows": 1}}, run_dir="other", execution=ALONE)
    assert told[0].filename == __file__


def test_in_a_thread_and_in_an_event_loop(home):
    def check(name):
        return mmvalidate.check("dataset_info.json", cutoff_len=200, run_dir=name, execution=ALONE)

    async def cell():
        return check("loop"), await asyncio.to_thread(check, "thread")

    for run in asyncio.run(cell()):
        assert files(run.folder) == files("run")


@pytest.mark.parametrize("held", [("script.py", None), (None, ModuleSpec("tool", None)), (None, None)], ids=str)
def test_processes_that_are_spawned_do_not_run_the_main_module_again(monkeypatch, held):
    main = sys.modules["__main__"]
    for name, value in zip(("__file__", "__spec__"), held, strict=True):
        monkeypatch.setattr(main, name, value, raising=False)

    def told():
        return [key for key in multiprocessing.spawn.get_preparation_data("worker") if key.startswith("init_main")]

    assert len(told()) == any(held)
    with without_main(), without_main():
        assert told() == []
    assert (main.__file__, main.__spec__) == held


UNGUARDED = """
import mmvalidate

print("begun")
two = mmvalidate.Execution(workers=2)
run = mmvalidate.check("dataset_info.json", cutoff_len=200, run_dir="spawned", execution=two)
print(run.summary["timing"]["engine"])
"""


@pytest.mark.proof
def test_workers_of_a_script_without_a_main_guard(home):
    Path("script.py").write_text(UNGUARDED)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stdout) == (0, "begun\ndask, 2 workers\n"), done.stderr
    assert files("spawned") == files("run")


def test_nothing_is_printed(home, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = mmvalidate.check("dataset_info.json", run_dir="quiet", execution=ALONE)
        mmvalidate.export(run, "copied")
    assert capfd.readouterr() == ("", "")

"""Settings from files and environment: which comes first, what is refused, what `mmvalidate config` shows."""

import json
import sys

import jsonschema
import pytest

from tests.conftest import ROOT, say

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # the same, for Python 3.10

BROKEN = [say("a", "b", "c"), say("a", ""), say("a", "b")]


def shown(done):
    """Each setting as (value, source); "" where it is not set."""
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        left, mark, source = line.rpartition("  # ")
        if mark:
            key, _, value = left.removeprefix("# ").replace(" is not set", " = ").partition(" = ")
            found[key] = (value.strip(), source)
    return found


def test_flag_environment_file_default(tmp_path, mmvalidate, monkeypatch):
    (tmp_path / "mmvalidate.toml").write_text(
        'cutoff-len = 1\nfail-on = "info"\nmin-rows = 3\nignore = ["DU", "IM004"]\n'
    )
    monkeypatch.setenv("MMVALIDATE_CUTOFF_LEN", "2")
    monkeypatch.setenv("MMVALIDATE_FAIL_ON", "warning")
    monkeypatch.setenv("MMVALIDATE_TOKEN", "none of our business")
    found = shown(mmvalidate("config", "--cutoff-len", "3"))
    assert found["cutoff-len"] == ("3", "flag")
    assert found["fail-on"] == ('"warning"', "MMVALIDATE_FAIL_ON")
    assert found["min-rows"] == ("3", "mmvalidate.toml")
    assert found["ignore"] == ('["DU", "IM004"]', "mmvalidate.toml")
    assert found["image-max-pixels"] == ("1048576", "default (the trainer's own: 589824)")
    assert found["baseline"] == ("", "default")
    assert shown(mmvalidate("config", "--config", "off"))["min-rows"] == ("0", "default")


def test_the_nearest_file_and_paths_from_its_folder(tmp_path, mmvalidate):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "mmvalidate.toml").write_text("min-rows = 1")
    (tmp_path / "a" / "pyproject.toml").write_text(
        '[tool.mmvalidate]\nbaseline = "x.json"\nreport = {sarif = "out/x.sarif"}'
    )
    (inner / "pyproject.toml").write_text("[tool.other]\nkey = 1")
    found = shown(mmvalidate("config", cwd=inner))
    assert found["min-rows"] == ("0", "default")
    assert found["baseline"] == (json.dumps(str(tmp_path / "a" / "x.json")), "pyproject.toml")
    assert found["report"][0] == f'{{sarif = "{tmp_path / "a" / "out" / "x.sarif"}"}}'
    assert shown(mmvalidate("config", "--config", tmp_path / "mmvalidate.toml", cwd=inner))["min-rows"][0] == "1"


def test_what_is_shown_is_a_settings_file(tmp_path, mmvalidate):
    text = 'default-system = "\\U0001f600 \\u202e \\u001b \\u007f"\nignore = ["DU"]\n'
    text += 'max-rate = {TK001 = 0.5, MD = "2%"}\nseverity = {IM = "error"}\n'
    text += '[per-dataset."my data"]\nignore = ["IM"]\nmin-rows = 5\n'
    (tmp_path / "mmvalidate.toml").write_text(text)
    once = mmvalidate("config").stdout
    (tmp_path / "mmvalidate.toml").write_text(once)
    again = mmvalidate("config").stdout
    assert tomllib.loads(again) == tomllib.loads(once)
    assert tomllib.loads(once)["default-system"] == "\U0001f600 \u202e \x1b \x7f" and "\u202e" not in once
    assert tomllib.loads(once)["per-dataset"] == {"my data": {"ignore": ["IM"], "min-rows": 5}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cutof-len = 1", "there is no setting cutof-len. Did you mean cutoff-len?"),
        ("cutoff_len = 1", "there is no setting cutoff_len. Did you mean cutoff-len?"),
        ("zzz = 1", "mmvalidate.toml: there is no setting zzz."),
        ('cutoff-len = "8"', "cutoff-len: Input should be a valid integer."),
        ("min-rows = -1", "min-rows: Input should be greater than or equal to 0."),
        ('fail-on = "eror"', "fail-on: Input should be 'error', 'warning' or 'info'."),
        ("[max-rate]\nTK = 101", "max-rate.TK: Input should be less than or equal to 100."),
        ("[per-dataset.data]\nignored = []", "there is no setting per-dataset.data.ignored. Did you mean ignore?"),
        ("[per-dataset.data]\nignore = ['PH02']", "There is no rule PH02. Did you mean PH002?"),
        ("[severity]\nXY001 = 'error'", "There is no rule XY001."),
        ("write-baseline = 'x'", "there is no setting write-baseline."),
        ("cutoff-len = ", "is not valid TOML"),
        ("baseline = 'none.json'", "none.json does not exist. Make it with --write-baseline"),
    ],
)
def test_a_file_that_is_refused(dataset, mmvalidate, text, sentence):
    dataset.write(BROKEN)
    (dataset.folder / "mmvalidate.toml").write_text(text)
    done = mmvalidate(dataset.registry)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--max-rate", "TK=x"), "--max-rate TK=x: write CODE=PCT, as in TK001=0.5."),
        (("--max-rate", "PH02=1"), "There is no rule PH02. Did you mean PH002?"),
        (("--severity", "TK=bad"), "--severity TK=bad: write CODE=LEVEL"),
        (("--report", "sarf=x"), "there is no format sarf. Did you mean sarif?"),
        (("--report", "sarif"), "write FORMAT=PATH"),
        (("--config", "none.toml"), "Cannot open none.toml"),
    ],
)
def test_flags_that_are_refused(dataset, mmvalidate, arguments, sentence):
    done = mmvalidate(dataset.write(BROKEN), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_a_mistyped_variable(dataset, mmvalidate, monkeypatch):
    monkeypatch.setenv("MMVALIDATE_CUTOF_LEN", "1")
    done = mmvalidate(dataset.write(BROKEN))
    assert done.returncode == 2 and "Did you mean MMVALIDATE_CUTOFF_LEN?" in done.stderr


def test_a_whole_run_from_a_file(dataset, mmvalidate):
    """The registry, the gate, settings of one entry and reports, without a single flag."""
    dataset.write(BROKEN)
    text = 'dataset-info = "dataset_info.json"\nfail-on = "warning"\nreport = {junit = "out/x.xml"}\n'
    text += '[max-rate]\nCV = "40%"\n[per-dataset.data.severity]\nLB002 = "info"\n[per-dataset.dta]\nmin-rows = 9\n'
    (dataset.folder / "mmvalidate.toml").write_text(text)
    done = mmvalidate("check")
    assert done.returncode == 0, done.stdout
    said = [line.removeprefix("mmvalidate: ") for line in done.stderr.splitlines()]
    assert said[0] == "[per-dataset.dta] is no entry here. Did you mean data?"
    path = dataset.folder / "out" / "x.xml"
    assert said[1:] == [f"wrote {path} ({path.stat().st_size / 1e3:.1f} kB), of {dataset.registry}"]
    assert "rate kept: CV in 1 of 3 rows: 33.3%, limit 40%" in done.stdout
    assert (dataset.folder / "out" / "x.xml").exists()
    assert mmvalidate("check", "--max-rate", "CV=30").returncode == 1


def test_baseline_by_flags(dataset, mmvalidate):
    dataset.write(BROKEN)
    assert mmvalidate(dataset.registry).returncode == 1
    done = mmvalidate(dataset.registry, "--write-baseline", "base.json", "--reason", "known")
    assert done.returncode == 0 and "baseline: 1 finding accepted by base.json\n" in done.stdout
    done = mmvalidate(dataset.registry, "--baseline", "base.json")
    assert done.returncode == 0 and "error CV002" not in done.stdout
    assert mmvalidate("rejudge", ".mmvalidate/" + dataset.folder.name, "--ignore", "LB").returncode == 0
    dataset.write(BROKEN[1:])
    done = mmvalidate(dataset.registry, "--baseline", "base.json")
    assert "accepted earlier, now gone: 1 CV002 in data; --write-baseline takes them out" in done.stdout
    jsonschema.validate(
        json.loads((dataset.folder / "base.json").read_text()),
        json.loads((ROOT / "schemas" / "baseline.schema.json").read_text()),
    )


def test_reports_of_a_finished_run(dataset, mmvalidate):
    mmvalidate(dataset.write(BROKEN), "--run-dir", "run", "--report", "sarif=a.sarif", "--report", "gitlab=a.json")
    done = mmvalidate(
        "report", "run", "--report", "sarif=b.sarif", "--report", "gitlab=b.json", "--output-format", "concise"
    )
    assert done.returncode == 0 and done.stdout.endswith("1 error, 1 warning\n")
    for suffix in ("sarif", "json"):
        assert (dataset.folder / f"a.{suffix}").read_bytes() == (dataset.folder / f"b.{suffix}").read_bytes()
    (dataset.folder / "run" / "summary.json").write_text('{"settings": {}}')
    assert "Run mmvalidate again" in mmvalidate("report", "run", "--report", "sarif=b.sarif").stderr
    assert mmvalidate("report", "nothing", "--report", "sarif=b.sarif").returncode == 2
    assert mmvalidate("report", "run").returncode == 2


def test_lists_from_the_environment(dataset, mmvalidate, monkeypatch):
    monkeypatch.setenv("MMVALIDATE_MAX_RATE", "CV=10,LB=50 DU=1")
    monkeypatch.setenv("MMVALIDATE_IGNORE", "DU,IM PH")
    done = mmvalidate(dataset.write(BROKEN), "--output-format", "json")
    summary = json.loads(done.stdout)["summary"]
    assert summary["settings"]["max_rate"] == {"CV": 10, "LB": 50, "DU": 1}
    assert summary["settings"]["ignore"] == ["DU", "IM", "PH"]
    assert done.returncode == 1


def test_explain_a_setting(mmvalidate):
    assert mmvalidate("config", "min-rows").stdout == "min-rows: Fail if there are fewer rows than this.\n"
    assert "Did you mean min-rows?" in mmvalidate("config", "min-row").stderr


def test_the_schema_refuses_what_the_program_refuses():
    schema = json.loads((ROOT / "schemas" / "mmvalidate.schema.json").read_text(encoding="utf-8"))
    good = {"cutoff-len": 5, "max-rate": {"TK": "1%"}, "per-dataset": {"a": {"severity": {"IM": "info"}}}}
    jsonschema.validate(good, schema)
    for bad in ({"cutof-len": 5}, {"cutoff-len": "5"}, {"max-rate": {"TK": 101}}, {"per-dataset": {"a": {"b": 1}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)

"""A real Chromium, and reports of small runs to look at in it. Tests that visit it have the mark `needs_browser`."""

import json
from dataclasses import replace

import pytest

from tests.browser.chromium import find_chromium
from tests.conftest import Dataset, say
from validator.engine.run_files.amend import amend
from validator.engine.run_files.finished import FinishedRun
from validator.facts.replayed import Drift, Range, Remedy, Replayed, Step
from validator.replaying import table
from validator.report.html import write_html

BIDI, NUL = "\u202e", "\x00"
HOSTILE = [
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><svg onload='window.hacked = 1'>",
    "</script></style></details></main>{{ 7 * 7 }}{% raw %}<!-- ",
    f"abc{BIDI}txt.exe{NUL}\x1b[31m",
    "x" * 100_000,
    "Z\u0351\u0352\u0353\u0354\u0355\u0356\u0357\u0358\u0359" * 30,
    "<|im_start|>system",
    "\"'&<>" * 20_000,
    "\ud83d lonely",
]


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Open a page; it must say nothing on the console and ask for nothing but itself."""
    opened, heard = [], []

    def go(path, **options):
        page = chromium.new_page(**options)
        opened.append(page)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or heard.append(request.url))
        page.goto(path.as_uri())
        return page

    yield go
    for page in opened:
        page.close()
    assert heard == []


def make_run(folder):
    """Good, bad and hostile rows of two datasets, with a replay."""
    data = Dataset(folder)
    tall = data.image("tall.png", (540, 1170))
    long = " ".join(["word"] * 700)
    rows = [
        say("<image>fine", "ok", images=[tall]),
        say("<image>" + long + "<image>", "cut", images=[tall, tall]),
        say("two <image> <image>", "one", images=[tall]),
        say("<image>gone", "ok", images=["gone.png"]),
        say("empty answer", "", images=[]),
        *(say(f"{text} <image>", text, images=[]) for text in HOSTILE),
    ]
    data.write(rows)
    registry = json.loads(data.registry.read_text())
    registry["<b>second"] = {**registry["data"], "file_name": "second.jsonl"}
    (folder / "second.jsonl").write_text(json.dumps(say("hello", "", images=[])) + "\n" + json.dumps(rows[0]) + "\n")
    data.registry.write_text(json.dumps(registry))
    data.check(cutoff_len=1024)
    add_replay(folder / "run")
    return data


def add_replay(run):
    """Ten controls, a candidate that spikes, one that gives NaN and a blind sample."""
    base = Replayed(
        dataset="data",
        file="data.jsonl",
        row=0,
        sample_id="x",
        group="control",
        modality="image",
        num_tokens=300,
        verdict="STABLE",
        why="quiet",
        step=Step("bf16", loss=2.0, grad_norm=1.0),
    )
    samples = [
        replace(base, row=100 + number, step=Step("bf16", loss=2 + number / 10, grad_norm=1 + number / 5))
        for number in range(10)
    ]
    spike = Step("bf16", loss=2.5, grad_norm=90.0)
    near = Range(1.0, 2.0, 3.0, 10)
    samples += [
        replace(
            base,
            row=1,
            group="candidate",
            verdict="GRAD_SPIKE",
            why="it spikes",
            step=spike,
            control_grad_norm=near,
            remedies=(Remedy("clip", "STABLE", True, "x 0.1"), Remedy("fp32", "GRAD_SPIKE", False, "as before")),
            difference="it is quiet there",
            drifts=(Drift("as configured", 0.0651, 12, 12, 0.008, True), Drift("clip 1.0", None, 12, 12, 0.008, True)),
        ),
        replace(
            base, row=4, group="candidate", verdict="NON_FINITE", why="<i>NaN</i>", step=Step("bf16", loss=float("nan"))
        ),
        replace(base, row=0, group="blind"),
    ]
    table.write(run, samples)
    counts = {"candidate": {"GRAD_SPIKE": 1, "NON_FINITE": 1}, "control": {"STABLE": 10}, "blind": {"STABLE": 1}}
    summary = {
        "settings": {"model": "tiny", "dtype": "bf16"},
        "model": {"parameters": 1000, "trainable": 900},
        "device": "CPU", "attention": "sdpa", "processor": "PIL", "verdict": None, "systemic": [], "verdicts": counts,
        "stop_before_the_model": 0, "false_alarms": {"blind": 1, "alarms": 0}, "thresholds": None, "not_judged": [],
        "remedies": [{"remedy": "clip", "verdict": "GRAD_SPIKE", "tried": 1, "helps": 1, "worse": 0}],
        "k_step": None, "confirmed": [],
        "comparison": {"reference": "base", "table": {"candidate": {"both": 1, "model": 2}}, "systemic": [],
                       "differences": None, "only_on_the_model": []},
    }  # fmt: skip
    amend(FinishedRun(run), "RP", [], [], {"replay": summary})


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def report(data):
    path = data.folder / "report.html"
    write_html(FinishedRun(data.folder / "run"), path)
    return path

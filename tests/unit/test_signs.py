"""Signs of a run that goes wrong, in its logs."""

import json
import math

import pytest

from validator.auditing.logs import LogPoint, read_log
from validator.auditing.signs import signs

WORDS = 151936


def points(norms, losses=None):
    losses = losses or [1.0] * len(norms)
    return [
        LogPoint(10 * (place + 1), loss, norm) for place, (norm, loss) in enumerate(zip(norms, losses, strict=True))
    ]


QUIET = [1.0, 1.2, 0.9, 1.1, 1.0, 0.8, 1.3, 1.0, 1.1, 0.9] * 4
CASES = {
    "quiet": (QUIET, None, []),
    "a single spike": ([*QUIET, 50.0, *QUIET], None, []),
    "loss 0 and grad_norm nan": ([*QUIET, math.nan, math.nan], [1.0] * 40 + [0.0, 0.0], [("hidden-nan", 400, 410)]),
    "filtered loss and grad_norm nan": ([*QUIET, math.nan], None, [("hidden-nan", 400, 410)]),
    "loss nan": ([*QUIET, math.nan], [1.0] * 40 + [math.nan], [("nan", 400, 410)]),
    "gradient infinite": ([*QUIET, math.inf], None, [("hidden-nan", 400, 410)]),
    "from the first step": ([math.nan] * 3, [0.0] * 3, [("hidden-nan", 0, 10)]),
    "no label": ([*QUIET, 0.0], [1.0] * 40 + [0.0], [("zero-loss", 400, 410)]),
    "gradients leave their band": ([*QUIET, 20.0, 60.0, 200.0, 500.0], None, [("gradients-leave-band", 400, 410)]),
    "then nan": (
        [*QUIET, 6e6, 2e7, 3.6e7, math.nan],
        None,
        [("gradients-leave-band", 400, 410), ("hidden-nan", 430, 440)],
    ),
    "plateau": (QUIET, [1.0] * 30 + [11.9] * 10, [("plateau-at-ln-v", 300, 310)]),
}


@pytest.mark.parametrize("name", CASES)
def test_signs(name):
    norms, losses, wanted = CASES[name]
    assert [(sign.kind, sign.after, sign.step) for sign in signs(points(norms, losses), WORDS)] == wanted


def test_logs_of_all_kinds_give_the_same(tmp_path):
    history = [
        {"step": 10, "loss": 1.5, "grad_norm": 2.0, "epoch": 0.1},
        {"step": 20, "loss": 0.0, "grad_norm": math.nan},
    ]
    state, lines, console = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    for folder in (state / "checkpoint-20", state / "checkpoint-10", lines, console):
        folder.mkdir(parents=True)
    (state / "checkpoint-10" / "trainer_state.json").write_text(
        json.dumps({"global_step": 10, "log_history": history[:1]})
    )
    (state / "checkpoint-20" / "trainer_state.json").write_text(json.dumps({"global_step": 20, "log_history": history}))
    (lines / "trainer_log.jsonl").write_text(
        '{"current_steps": 10, "loss": 1.5}\n{"current_steps": 20, "loss": 0.0}\n{"curr'
    )
    (console / "run.log").write_text(
        "{'loss': 1.5, 'grad_norm': 2.0, 'epoch': 0.1}\n{'loss': '0.0', 'grad_norm': 'nan'}\n"
    )
    assert [point.step for point in read_log(state).points] == [10, 20]
    assert read_log(state).sources == ("checkpoint-20/trainer_state.json",)
    assert math.isnan(read_log(state).points[1].grad_norm)
    assert [point.loss for point in read_log(lines).points] == [1.5, 0.0]
    read = read_log(console, 10).points
    assert [(point.step, point.loss) for point in read] == [(10, 1.5), (20, 0.0)] and math.isnan(read[1].grad_norm)
    with pytest.raises(ValueError, match="holds no log of a training"):
        read_log(tmp_path)


LOSSLESS = {  # what is logged, the steps that can be judged, and the last step
    "a gradient norm": ([{"step": 5, "grad_norm": 2.0, "learning_rate": 1e-5, "epoch": 0.1}], [5], 5),
    "a learning rate": ([{"step": 5, "learning_rate": 1e-5, "epoch": 0.1}], [], 5),
    "evaluations": ([{"step": 5, "eval_loss": 1.5, "epoch": 0.1}], [], 5),
    "the end": ([{"step": 9, "train_runtime": 3.5, "epoch": 0.1}], [], 9),
    "evaluations between": (
        [
            {"step": 5, "loss": 1.0, "grad_norm": 1.0, "epoch": 0.1},
            {"step": 5, "eval_loss": 1.5, "epoch": 0.1},
            {"step": 7, "eval_loss": 1.5, "epoch": 0.1},
            {"step": 10, "loss": 0.0, "grad_norm": math.nan, "epoch": 0.1},
        ],
        [5, 10],
        10,
    ),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_log_without_a_loss_is_a_log(name, tmp_path):
    history, judged, last = LOSSLESS[name]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": last, "log_history": history}))
    log = read_log(tmp_path)
    assert ([point.step for point in log.points], log.last) == (judged, last)
    console, lines = tmp_path / "console", tmp_path / "lines"
    console.mkdir()
    printed = [{key: value for key, value in item.items() if key != "step"} for item in history]
    (console / "run.log").write_text("".join(f"{item}\n" for item in printed))
    assert [point.step for point in read_log(console, 5).points] == judged
    lines.mkdir()
    (lines / "trainer_log.jsonl").write_text(
        "".join(json.dumps({"current_steps": item["step"], "loss": item.get("loss")}) + "\n" for item in history)
    )
    assert read_log(lines).last == last
    found = signs(log.points, None)
    assert [(sign.after, sign.step) for sign in found] == ([(5, 10)] if name == "evaluations between" else [])


@pytest.mark.parametrize(
    "state", ["", "[1]", '{"log_history": 5}', '{"log_history": [{"loss": "x"}, 7]}', '{"global_step": "a", "log_hist']
)
def test_a_half_written_state_is_no_error(state, tmp_path):
    (tmp_path / "trainer_state.json").write_text(state)
    (tmp_path / "trainer_log.jsonl").write_text('{"current_steps": 10, "loss": 1.5}\n{"loss": 2}\n[]\n')
    assert [point.step for point in read_log(tmp_path).points] == [10]

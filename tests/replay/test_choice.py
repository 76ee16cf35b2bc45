"""Which rows are replayed."""

import pytest

from tests.conftest import say
from validator.engine.run_files.finished import FinishedRun
from validator.replaying.choice import choose
from validator.replaying.settings import ReplaySettings


def rows_of(members):
    return [member.row for member in members]


@pytest.fixture
def run(dataset):
    """20 short rows, a long one, one with a literal token, one that preprocessing stops at, one that is dropped."""
    rows = [say(f"question {index}", f"answer {index}") for index in range(20)]
    rows += [say("long " * 500, "answer"), say("a", "b<|im_end|>"), say("<image>", "b"), say("a", "b", "c")]
    dataset.write(rows)
    dataset.check()
    return dataset.folder / "run"


def test_errors_first_and_those_that_reach_the_model_before_those_that_do_not(run):
    chosen = choose(FinishedRun(run), ReplaySettings(candidates=4, controls=5, blind=2))
    assert rows_of(chosen.candidates)[:3] == [21, 22, 20]
    assert 23 not in rows_of(chosen.all)
    assert chosen.candidates[0].risk > 100 > chosen.candidates[1].risk > 50 > chosen.candidates[2].risk


def test_groups_are_disjoint_and_controls_are_unflagged(run):
    chosen = choose(FinishedRun(run), ReplaySettings(candidates=4, controls=200, blind=16))
    everyone = rows_of(chosen.all)
    assert len(everyone) == len(set(everyone)) == 23
    assert len(chosen.blind) == 4  # one in five of 21 eligible rows
    assert all(member.unflagged for member in chosen.controls + chosen.blind)
    assert chosen.eligible == 21


def test_the_same_seed_chooses_the_same(run):
    one, two, other = (
        choose(FinishedRun(run), ReplaySettings(candidates=3, controls=5, blind=3, seed=seed)) for seed in (0, 0, 1)
    )
    assert one == two
    assert rows_of(one.candidates) == rows_of(other.candidates) and rows_of(one.blind) != rows_of(other.blind)


def test_controls_are_like_the_candidates(dataset):
    """Half of the controls are drawn beside the candidates: long ones for a long candidate, pictures for a picture."""
    picture = dataset.image("a.png", (112, 112))
    rows = [say("short", "answer", images=[]) for _ in range(300)]
    rows += [say("word " * 300, "answer " * 20, images=[]) for _ in range(10)]
    rows += [say("<image>What?", "answer", images=[picture]) for _ in range(10)]
    rows += [say("word " * 320, "answer " * 20 + "<|im_end|>", images=[])]
    rows += [say("<image>What?", "<|im_start|>", images=[picture])]
    dataset.write(rows)
    dataset.check()
    chosen = choose(FinishedRun(dataset.folder / "run"), ReplaySettings(candidates=2, controls=24, blind=0))
    assert sorted(rows_of(chosen.candidates)) == [320, 321]
    controls = set(rows_of(chosen.controls))
    assert len(controls & set(range(300, 310))) >= 6 and len(controls & set(range(310, 320))) >= 6


def test_no_run(tmp_path):
    with pytest.raises(ValueError, match=r"is not a finished run: it holds no summary"):
        choose(FinishedRun(tmp_path), ReplaySettings())

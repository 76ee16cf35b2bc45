"""`--exact`: the real processor on every row, through the engine."""

import pytest

from tests.conftest import check, say
from tests.engine.data import make_registry
from tests.environments import needs_replay
from tests.oracle.model_folder import make_folder
from validator.execution import Execution

pytestmark = needs_replay


def contradicted(registry, folder, options, **settings):
    from validator.replaying.exact import Exact

    given = Execution(**options, witness=Exact)
    result, findings = check(registry, folder, given, exact=True, select=("XX",), **settings)
    return result.summary, [item for item in findings if item["code"] == "XX003"]


@pytest.mark.parametrize("workers", [0, 2])
def test_agreement(tmp_path, workers):
    summary, found = contradicted(make_registry(tmp_path, 60), tmp_path / "run", {"workers": workers, "shard_rows": 20})
    assert found == [] and summary["rows"]["ok"] > 300 and summary["rows"]["unchecked"] == 0


@pytest.mark.parametrize("trainer", ["llamafactory@0.9.1", "llamafactory@0.9.2", "hf", "qwen-vl-utils"])
def test_other_trainers(tmp_path, trainer):
    limits = {"image_max_pixels": 20_000, "cutoff_len": 200, "trainer": trainer}
    entries = ("lines", "table")
    summary, found = contradicted(
        make_registry(tmp_path, 60), tmp_path / "run", {"workers": 0}, datasets=entries, **limits
    )
    assert found == [] and summary["rows"]["ok"] > 90


def test_other_limits(tmp_path):
    limits = {"image_max_pixels": 20_000, "cutoff_len": 64}
    summary, found = contradicted(make_registry(tmp_path, 40), tmp_path / "run", {"workers": 0}, **limits)
    assert found == [] and summary["rows"]["ok"] > 200


def test_a_wrong_count_is_found(tmp_path, monkeypatch):
    from validator.facts import budget

    real = budget.tokens_of
    monkeypatch.setattr(budget, "tokens_of", lambda *arguments, **more: real(*arguments, **more) + 1)
    _, found = contradicted(make_registry(tmp_path, 40), tmp_path / "run", {"workers": 0}, datasets=("lines",))
    assert found and all("the static pass counted" in item["message"] for item in found)


@pytest.mark.parametrize("thinking", ["true", "null"])
def test_empty_thoughts_are_encoded_apart(dataset, thinking):
    """An answer that begins with line feeds is not encoded together with the empty thought before it."""
    dataset.image("a.png", (90, 60))
    rows = [say("<image>a", "\nb", images=["a.png"]), say("\nc\n", "d", "e\n", "", images=[])]
    registry, folder = dataset.write(rows), make_folder(dataset.folder / "model")
    settings = {"processor": str(folder), "template": "qwen3_5", "enable_thinking": thinking}
    summary, found = contradicted(registry, dataset.folder / "run", {"workers": 0}, **settings)
    assert found == [] and summary["rows"]["unchecked"] == 0

"""The oracle by hand, and what its environment holds: its tokenizer is the embedded one, whatever is in its path."""

import json

from tests.conftest import say
from tests.environments import ORACLE, ROOT, needs_oracle
from tests.judges import run_judge

pytestmark = needs_oracle
PINS = ROOT / "tests" / "oracle" / "environment"


def test_it_holds_what_is_pinned():
    """`./scripts/oracle` makes it anew where it does not."""
    pins = "".join((PINS / name).read_text() for name in ("requirements.txt", "alone.txt"))
    assert (ORACLE / ".installed").read_text() == pins


def test_by_hand(dataset, tmp_path):
    """Each row by itself, then the whole, which the bad row does not end: the trainer drops it. A file in the current
    folder that has a package's name changes nothing.
    """
    dataset.write([say("How are you?", "Well."), say("no answer")])
    dataset.check(cutoff_len=20)
    (tmp_path / "torch.py").write_text("raise SystemExit('the wrong torch')")
    arguments = (tmp_path, "data", "cutoff_len=20")
    said = run_judge(ORACLE, "tests.oracle.environment", *arguments, cwd=tmp_path)
    first, second = map(json.loads, said.splitlines())
    (ours, _) = dataset.samples()
    assert (first["status"], first["len"], first["labels"]) == ("ok", ours["num_tokens"], ours["num_label_tokens"])
    assert second == {"index": 1, "status": "dropped"}
    whole = run_judge(ORACLE, "tests.oracle.environment", *arguments, "--full", cwd=tmp_path)
    assert json.loads(whole.splitlines()[-1]) == {"len": ours["num_tokens"]}

"""Statistical verdicts for real: on the trained tiny model, through the whole path, with a few of the planted kinds."""

from collections import Counter

from tests.environments import needs_replay


@needs_replay
def test_planted_faults_are_found_and_healthy_rows_left_alone(tiny, tmp_path, monkeypatch):
    from scripts.experiments import replay_confusion
    from scripts.experiments.planted import KINDS
    from validator.replaying.verdict import ALARMS

    names = {
        "literal image pad",
        "random letters",
        "unknown script",
        "all labels masked",
        "NaN pixel",
        "box tokens in the answer",
    }
    kinds = tuple(kind for kind in KINDS if kind.name in names)
    monkeypatch.setattr(replay_confusion, "EACH", 4)
    monkeypatch.setattr(replay_confusion, "HEALTHY", 60)
    monkeypatch.setattr(replay_confusion, "POOL", 260)
    table, outcome, _ = replay_confusion.experiment(kinds, 4242, tmp_path)
    certain = {kind.name: kind.found for kind in kinds if kind.found in (("CRASH",), ("NO_TARGET",), ("NON_FINITE",))}
    for name, (verdict,) in certain.items():
        assert table[name] == Counter({verdict: 4}), name
    loud = Counter()
    for kind in kinds:
        if kind.name not in certain:
            loud += table[kind.name]
    assert sum(loud[verdict] for verdict in ALARMS) >= 10  # of 12
    assert sum(table["healthy"][verdict] for verdict in ALARMS) <= 1
    assert outcome.systemic == ()
    assert {sample.disagreement for sample in outcome.samples if sample.verdict == "STABLE"} == {None}

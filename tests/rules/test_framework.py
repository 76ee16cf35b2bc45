"""The framework of rules: documentation, selection, depth, and that every rule has its case."""

import json
import re
from collections import Counter

import pytest

from tests.conftest import ROOT, check, say
from tests.rules.corpus_cases import CORPUS
from tests.rules.corruptions import CORRUPTIONS
from tests.rules.own_codes import OF_AXOLOTL, OF_BOTH, OF_NEMO, OF_TRL_FILES, OF_V1
from tests.rules.row_cases import FAULTS
from validator.engine.execution.kept import _FOLDED
from validator.rules.registry import all_rules, choose_rules, find_rule
from validator.settings import Settings

STATIC = [rule for rule in all_rules() if rule.family not in ("RP", "CF", "CK")]
"""The others speak of replayed samples (tests/replay), configurations and checkpoints (test_training_rules.py, ...)."""
OF_TABLES = (
    {"DI022", "LB005", "TK010", "IM013", "DI023", "DI024", "LB006", "DI025", "DI026", "VD015", "VD020"}
    | OF_V1
    | OF_NEMO
    | OF_BOTH
    | OF_TRL_FILES
    | OF_AXOLOTL
)
"""Of data without a registry: tests/unit/test_trl.py, test_trl_files.py, test_trl_videos.py and test_unsloth.py."""
PACKED = {"DI021", "XX002"}
"""Of packed files: tests/engine/test_packed_runs.py."""
EXPECTED = [json.loads(line) for line in (ROOT / "sample_data" / "expected_findings.jsonl").read_text().splitlines()]


def test_sample_data_gives_what_it_says(tmp_path):
    """sample_data/expected_findings.jsonl, nothing more and nothing less."""
    _, findings = check(ROOT / "sample_data" / "dataset_info.json", tmp_path)
    found = [tuple(finding[key] for key in ("code", "dataset", "row", "turn")) for finding in findings]
    assert Counter(found) == Counter(tuple(item.values()) for item in EXPECTED)


def test_sample_data_plants_every_rule():
    planted = {item["code"] for item in EXPECTED}
    assert {rule.code for rule in STATIC} - planted == {
        "LB001",
        "MD010",
        "MD011",
        "MD013",
        "XX001",
        "XX002",
        "DI021",
        "LB004",
        "IM025",
        "VD008",
        "VD009",
        "IM021",
        *ALWAYS,
    }  # a tiny cutoff, huge files and rows, options, a fault of ours, what is not read, what libraries write otherwise,
    # what befalls other models


def test_every_rule_has_a_case_here_or_in_sample_data():
    here = set(OF_TABLES) | {code for _, _, expected in FAULTS.values() for code in expected}
    here |= {fault.code for fault in CORRUPTIONS.values()} | set(CORPUS)
    assert {rule.code for rule in STATIC} <= here | {item["code"] for item in EXPECTED} | {
        "XX001",
        "XX003",
        "IM021",
        "VD012",
        "VD013",
        *PACKED,
    }


def test_a_fault_of_ours_loses_no_row(dataset, monkeypatch):
    """One row at which mmvalidate fails is unchecked; the others are judged."""
    from validator.facts.measure import Measurer

    convert = Measurer._convert

    def fail_at_one(self, row):
        if row.raw.index == 1:
            raise RuntimeError("boom")
        convert(self, row)

    monkeypatch.setattr(Measurer, "_convert", fail_at_one)
    dataset.write([say("a", "b"), say("a", "b"), say("a")])
    result, findings = dataset.check()
    assert [(finding["code"], finding["row"]) for finding in findings] == [("XX001", 1), ("CV002", 2)]
    assert result.summary["rows"] == {"total": 3, "ok": 1, "flagged": 0, "dropped": 1, "not_loaded": 0, "unchecked": 1}
    assert result.summary["exit_code"] == 3


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_documentation(rule):
    headings = re.findall(r"^## (.*)$", rule.doc, re.MULTILINE)
    assert headings == ["What it finds", "Why it matters", "Example", "What to do"]
    assert re.fullmatch(r"[A-Z]{2}\d{3}", rule.code) and re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.summary.endswith(".")
    checks = (rule.row, rule.corpus, rule.replay, rule.systemic, rule.training, rule.own_file, rule.checkpoint)
    assert sum(check is not None for check in checks) == 1


def test_files_are_called_as_their_rules():
    names = {f"{rule.code.lower()}_{rule.name.replace('-', '_')}.py" for rule in all_rules()}
    assert names == {path.name for path in (ROOT / "validator" / "rules").glob("[a-z][a-z][0-9]*.py")}


def test_codes_and_names_are_unique():
    rules = all_rules()
    assert len({rule.code for rule in rules}) == len({rule.name for rule in rules}) == len(rules)


@pytest.mark.parametrize(
    ("select", "ignore", "runs"),
    [
        ((), (), {"PH001", "MD001", "TK001"}),
        (("PH",), (), {"PH001", "PH004"}),
        (("ph001",), (), {"PH001"}),
        (("placeholder-count-mismatch",), (), {"PH001"}),
        (("ALL",), ("MD",), {"PH001", "TK001"}),
    ],
)
def test_selection(select, ignore, runs):
    settings = Settings(dataset_info="x.json", select=select, ignore=ignore)
    chosen, left_out = choose_rules(settings)
    names = {rule.code for rule in chosen}
    assert runs <= names and len(names) + len(left_out) == len(all_rules())
    assert all(
        any(code.startswith(word.upper()) or word in ("ALL", find_rule(code).name) for word in select or ("ALL",))
        for code in names
    )
    assert not any(code.startswith(word) for code in names for word in ignore)


OF_SWIFT = ("VD011", "VD012", "VD013")
ALWAYS = {
    "CV016": "not for the trainer llamafactory",
    "DI014": "not for the trainer llamafactory",
    "DU006": "needs --preview",
    "PH006": "not for the trainer llamafactory",
    "PH007": "not for the trainer llamafactory",
    "PH008": "not for the trainer llamafactory",
    "PH009": "not for the trainer llamafactory",
    "TK008": "needs --model-size",
    "TK009": "not for the trainer llamafactory",
    "XX003": "needs --exact",
    **dict.fromkeys(
        (
            "CV018",
            "CV019",
            "CV020",
            "DI022",
            "LB005",
            "TK010",
            "IM013",
            "DI023",
            "DI024",
            "LB006",
            "VD010",
            "DI025",
            "DI026",
            "VD015",
            "VD020",
            *OF_V1,
            *OF_SWIFT,
            *OF_BOTH,
            *OF_NEMO,
            *OF_TRL_FILES,
            *OF_AXOLOTL,
        ),
        "not for the trainer llamafactory",
    ),
}


def test_depth_leaves_rules_out_and_says_so():
    _, left_out = choose_rules(Settings(dataset_info="x.json", integrity="header"))
    assert {rule.code: reason for rule, reason in left_out if rule in STATIC} == dict.fromkeys(
        ("IM003", "IM004", "IM008", "IM012", "MD003", "MD004", "MD011", "MD012", "VD003", "VD006", "VD007"),
        "needs --integrity fast",
    ) | ALWAYS
    _, left_out = choose_rules(Settings(dataset_info="x.json"))
    left_out = [(rule, reason) for rule, reason in left_out if rule in STATIC]
    assert {rule.code: reason for rule, reason in left_out} == ALWAYS | {"MD011": "needs --advice"}
    everything = Settings(dataset_info="x.json", advice=True, exact=True, preview=True, model_size="7B")
    assert [rule.code for rule, _ in choose_rules(everything)[1] if rule in STATIC] == sorted(
        code for code, reason in ALWAYS.items() if reason.startswith("not for")
    )


def test_unknown_rules_get_the_nearest():
    with pytest.raises(
        ValueError, match=r"There is no rule placeholder-mismatch. Did you mean placeholder-count-mismatch\?"
    ):
        find_rule("placeholder-mismatch")
    with pytest.raises(ValueError, match="There is no rule ZZ999"):
        choose_rules(Settings(dataset_info="x.json", select=("ZZ999",)))


def test_rows_can_be_folded_again_when_a_run_is_judged_again():
    corpora = [rule.corpus for rule in all_rules() if rule.corpus is not None and rule.corpus.fold is not None]
    assert {corpus.needs for corpus in corpora} <= set(_FOLDED)

"""docs/taxonomy.md is current."""

import re

from tests.conftest import ROOT
from validator.rules.registry import all_rules

TAXONOMY = (ROOT / "docs" / "taxonomy.md").read_text()


def test_the_taxonomy_names_every_row_and_only_rules_that_exist():
    rows = {f"A{n}" for n in range(1, 14)} | {f"B{n}" for n in range(1, 9)} | {f"C{n}" for n in range(1, 17)}
    rows |= {"D1", "D2", "D3", "E1", "E2", "E3", *(f"F{n}" for n in range(1, 8))}
    assert rows - set(re.findall(r"\b[A-F]\d{1,2}\b", TAXONOMY)) == set()
    codes = {rule.code for rule in all_rules()}
    assert set(re.findall(r"\b[A-Z]{2}\d{3}\b", TAXONOMY)) <= codes

"""What every trainer profile makes of thousands of rows stays as it is: counts, ids, labels, outcomes, findings, plans.

`./scripts/generate` renews the small goldens, `./scripts/generate --all` all; tests/goldens/digest.py says how to see
what a difference is.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from tests.goldens.corpora import make
from tests.goldens.digest import QUICK, VARIANTS, WHOLE, differing, digests
from tests.helpers.golden import renew
from tests.tiers import first

HERE = Path(__file__).parent
EACH_FAMILY = "llamafactory", "trl", "qwen-vl-utils", "ms-swift-left"
pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Makes the corpora of a scale once."""
    return cache(lambda scale: make(tmp_path_factory.mktemp("corpora"), scale.rows))


@pytest.mark.parametrize("variant", first(4, sorted(VARIANTS, key=lambda name: name not in EACH_FAMILY)))
def test_quick(variant, corpora):
    compare(HERE / "quick" / f"{variant}.json", digests(variant, QUICK, corpora(QUICK)))


@pytest.mark.proof
@pytest.mark.parametrize("variant", VARIANTS)
def test_whole(variant, corpora):
    compare(HERE / "whole" / f"{variant}.json", digests(variant, WHOLE, corpora(WHOLE)))


def compare(path, found):
    renew(path, json.dumps(found, indent=1) + "\n")
    lines = list(differing(json.loads(path.read_text()), found))
    assert lines == [], f"{path.stem}: tests/goldens/digest.py says how to see more\n" + "\n".join(lines[:20])

"""`fast` and `full` give the verdict of the installed Pillow on thousands of intact and broken files."""

from collections import Counter

import PIL
import pytest
from PIL import Image

from tests.integrity.compare import judge
from tests.integrity.corpus import corpus
from tests.tiers import many
from validator.media.integrity import CHECKS

COUNT, SEED = many(1_500, 10_000), 20


@pytest.mark.larger
def test_fast_and_full_give_pillows_verdict(tmp_path):
    Image.init()
    files, broken, cheap = Counter(), Counter(), Counter()
    wrong = []
    for file in corpus(COUNT, SEED):
        verdict = judge(file, tmp_path)
        if verdict is None:
            continue
        files[file.format] += 1
        broken[file.format] += verdict.truth is not None
        cheap[file.format] += verdict.cheap
        if not verdict.equal:
            wrong.append(f"{file.format} {file.what}: {verdict}")
    assert not wrong, f"{len(wrong)} verdicts differ from those of Pillow {PIL.__version__}:\n" + "\n".join(wrong[:20])
    assert sum(files.values()) >= COUNT / 2
    assert files.keys() >= Image.OPEN.keys()
    assert broken.total() > 0.15 * COUNT and all(cheap[name] >= 10 for name in CHECKS if name != "DIB"), cheap

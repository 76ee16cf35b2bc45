"""Rows with videos under unsloth's vision collator: what becomes of each, as unsloth_zoo 2026.10.9 itself answered."""

import pytest

from tests.helpers.own_rows import chat, text
from tests.oracle.videos import film
from tests.unit.single_rows import judged_by_unsloth as judged

SHORT = [{"type": "video", "video": "short.mp4"}, text("hi")]
ROWS = {
    "sampled": (chat(SHORT, [text("yo")]), ("ok", 305, 23), []),
    "a column is empty": (chat(SHORT, [text("yo")], images=[]), ("ok", 26, 23), ["DI026"]),
    "a column is null": (chat(SHORT, [text("yo")], images=None), ("ok", 305, 23), []),
    "a part without a video": (chat([{"type": "video"}], [text("yo")]), ("crash", None, None), ["CV020"]),
    "a rate of its own": (
        chat([{"type": "video", "video": "short.mp4", "fps": 1}], [text("yo")]), ("unchecked", None, None), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    film(tmp_path / "short.mp4", 40, 25)
    row, outcome, codes = ROWS[name]
    assert judged(tmp_path, row) == (outcome, codes)

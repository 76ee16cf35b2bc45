"""A replay under each trainer profile, through the command."""

import pytest
from PIL import Image

from tests.conftest import say
from tests.environments import needs_replay
from tests.replay.command import call, findings, healthy, replayed, summary

pytestmark = needs_replay
TURNED, CLEAR, GONE, REPLACED = range(8, 12)
"""Rows with pictures that loaders treat differently, and with pictures that change after the check."""


@pytest.mark.parametrize(
    ("trainer", "learned", "gone"),
    [
        ("llamafactory@0.9.1", "answers", ("CRASH", {"RP001"})),
        ("hf", "all", ("CRASH", {"RP001"})),
        ("qwen-vl-utils", "answers", ("INCONCLUSIVE", {"RP009", "RP010"})),  # another row takes its place
    ],
)
def test_what_the_model_is_fed(dataset, trainer, learned, gone):
    """The facts' counts, and a disagreement where the picture is another one than at the check."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 90)).save(dataset.folder / "turned.jpg", exif=exif)
    noise = Image.effect_noise((700, 400), 50).convert("RGBA")
    names = ("turned.jpg", "clear.png", "gone.png", "replaced.png")
    for name in names[1:]:
        noise.save(dataset.folder / name)
    dataset.write([*healthy(dataset, 8), *(say("<image>", name, images=[name]) for name in names)])
    dataset.check(trainer=trainer, image_max_pixels=60_000)
    (dataset.folder / "gone.png").unlink()
    Image.new("RGB", (112, 112)).save(dataset.folder / "replaced.png")
    run = dataset.folder / "run"
    done = call("replay", run, "--candidates", 12, "--controls", 0, "--device", "cpu", cwd=run)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    found = {row["row"]: row for row in replayed(run)}
    codes = {row: set() for row in found}
    for item in findings(run):
        if item["code"].startswith("RP"):
            codes[item["row"]].add(item["code"])
    for row in found.keys() - {GONE, REPLACED}:
        assert found[row]["verdict"] in ("STABLE", "STATIC_ONLY") and codes[row] == set()
        assert (found[row]["num_tokens"] - 1 == found[row]["num_label_tokens"]) == (learned == "all")
    assert (found[GONE]["verdict"], codes[GONE]) == gone
    assert (found[REPLACED]["verdict"], codes[REPLACED]) == ("CRASH", {"RP001", "RP009"})
    assert found[REPLACED]["disagreement"].endswith("image tokens, the processor [16]")
    processor = summary(run)["replay"]["processor"]
    assert ("qwen-vl-utils" in processor) == (trainer == "qwen-vl-utils")

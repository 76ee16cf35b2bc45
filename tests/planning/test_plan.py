"""What a plan says of a pair of limits is what a full run under them says."""

import itertools
import json
import random
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.conftest import check, findings_of, say
from tests.engine.data import make_registry
from tests.tiers import first, many
from validator.engine.run_files.finished import FinishedRun
from validator.planning import laid_out
from validator.planning.padding import padded_tokens
from validator.planning.plan import plan
from validator.tokens.truncation import infer_seqlen, infer_seqlens

CUTOFFS, PIXELS = (40, 64, 300, 1000, 8192), (1100, 20_000, 262_144, 1_048_576)


pytestmark = pytest.mark.larger


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    registry = make_registry(folder, rows=many(25, 60))
    dice = random.Random(1)
    odd = [say("a<|image_pad|>b<image>c<|video_pad|>", "<|image_pad|>d", images=["shots/1.png"])]
    odd += [say("<image>", "x", images=["shots/0.png"]) | {"system": "be " + "kind " * 30}]
    odd += [say(*("word " * dice.randrange(1, 60) for _ in range(2 * dice.randrange(1, 9)))) for _ in range(60)]
    odd += [say("<image>a", "b", "<image>" * 2, "c <image>", images=["shots/0.png", "shots/5.jpg"] * 2)] * 2
    odd += [say("<image>", "thin", images=["thin.png"]), say("only a question"), say("<image>", "none", images=[])]
    from PIL import Image

    Image.new("RGB", (3000, 1)).save(folder / "thin.png")
    for row in odd:
        row.setdefault("images", [])
        row.setdefault("system", "")
    (folder / "odd.jsonl").write_text("\n".join(map(json.dumps, odd)))
    entries = json.loads(registry.read_text())
    entries["odd"] = {**entries["lines"], "file_name": "odd.jsonl"}
    entries["odd"]["columns"] = {**entries["odd"]["columns"], "system": "system"}
    kept = ("lines", "broken", "odd", "table", "gone")
    registry.write_text(json.dumps({name: entries[name] for name in kept}))
    check(registry, folder / "run")
    return folder


def of_full_run(home, target, **settings):
    """The same counts from the records and findings of a run."""
    result, _ = check(home / "dataset_info.json", target, **settings)
    rows = pq.read_table(result.folder / "samples.parquet").to_pylist()
    codes = {(f["dataset"], f["file"], f["row"]) for f in findings_of(result.folder) if f["code"] == "TK001"}
    alive = [row for row in rows if row["outcome"] == "ok" and not row["refused"]]
    uncut = [row for row in alive if (row["dataset"], row["file"], row["row"]) not in codes]
    trained = [row for row in uncut if not stops_later(row)]
    return {
        "total": len(rows),
        "stopped": sum(row["outcome"] == "crash" or row["refused"] for row in rows),
        "image_cut": len(alive) - len(uncut),
        "stopped_later": len(uncut) - len(trained),
        "dropped": sum(row["outcome"] == "dropped" for row in rows),
        "cut": sum(row["num_tokens"] < row["num_tokens_full"] for row in trained),
        "label_free": sum(row["num_label_tokens"] == 0 for row in trained),
        "num_tokens": sum(row["num_tokens"] for row in trained),
        "visual": sum(row["num_image_tokens"] + row["num_video_tokens"] for row in trained),
        "labels": sum(row["num_label_tokens"] for row in trained),
        "longest": max(row["num_tokens_full"] for row in alive),
        "lengths": Counter(row["num_tokens"] for row in trained),
    }


def stops_later(row):
    """Whether preprocessing takes a row at which training stops whatever the limits are."""
    pads = {token for turn in row["turns"] for token in turn["special_tokens"]} & {"<|image_pad|>", "<|video_pad|>"}
    return bool(pads) or any(media["fault"] in ("header-mismatch", "decode-fails-later") for media in row["media"])


def longest_of_all(home, folder, **settings):
    """The longest row, those that ms-swift deletes for their length among them: as it is where they are cut."""
    return of_full_run(home, folder / "cut", **{**settings, "truncation_strategy": "left"})["longest"]


def of_plan(option):
    counts = option.counts
    return {
        "total": counts.rows,
        "stopped": counts.stopped,
        "image_cut": counts.image_cut,
        "stopped_later": counts.stopped_later,
        "dropped": counts.dropped,
        "cut": counts.cut,
        "label_free": counts.label_free,
        "num_tokens": counts.num_tokens,
        "visual": counts.num_visual_tokens,
        "labels": counts.num_label_tokens,
        "longest": counts.longest,
        "lengths": counts.lengths,
    }


def test_equal_to_full_runs(home, tmp_path):
    made = plan(FinishedRun(home / "run"), CUTOFFS, PIXELS, 8)
    assert len(made.options) == len(CUTOFFS) * len(PIXELS)
    assert all(any(getattr(option.counts, name) for option in made.options) for name in ("image_cut", "cut", "whole"))
    for option in made.options[::3]:
        limits = {"cutoff_len": option.cutoff_len, "image_max_pixels": option.image_max_pixels}
        assert of_plan(option) == of_full_run(home, tmp_path / "run", **limits), limits


@pytest.mark.parametrize(
    "more",
    first(
        3,
        [
            {"trainer": "ms-swift", "truncation_strategy": "left"},
            {"train_on_prompt": True},
            {"trainer": "hf"},
            {"mask_history": True},
            {"trainer": "llamafactory@0.9.1"},
            {"trainer": "qwen-vl-utils"},
            {"trainer": "ms-swift"},
            {"trainer": "ms-swift", "strict": True},
            {"trainer": "ms-swift", "truncation_strategy": "right"},
        ],
    ),
)
def test_other_recipes(home, tmp_path, more):
    check(home / "dataset_info.json", tmp_path / "run", **more)
    for option in plan(FinishedRun(tmp_path / "run"), (64, 300), (20_000,), 8).options:
        limits = {"cutoff_len": option.cutoff_len, "image_max_pixels": option.image_max_pixels}
        planned, wanted = of_plan(option), of_full_run(home, tmp_path / "full", **limits, **more)
        if more.get("trainer") == "ms-swift" and "truncation_strategy" not in more:
            wanted["longest"] = longest_of_all(home, tmp_path, **limits, **more)
        assert planned == wanted, limits


@pytest.mark.larger
@pytest.mark.parametrize("strategy", first(1, ["delete", "left", "right"]))
def test_rows_of_ms_swift(tmp_path, strategy):
    """Answers that are not learned, joined messages, pads in the text: random rows in all its layouts."""
    from tests.oracle.corpus import write_corpus
    from tests.trainers.swift_corpus import make_swift_corpus

    registry = write_corpus(make_swift_corpus(7, many(40, 320)), tmp_path)
    more = {"trainer": "ms-swift", "truncation_strategy": strategy}
    check(registry, tmp_path / "run", **more)
    for option in plan(FinishedRun(tmp_path / "run"), (64, 200, 8192), (50_000,), 8).options:
        limits = {"cutoff_len": option.cutoff_len, "image_max_pixels": option.image_max_pixels}
        planned, wanted = of_plan(option), of_full_run(tmp_path, tmp_path / "full", **limits, **more)
        if strategy == "delete":
            wanted["longest"] = longest_of_all(tmp_path, tmp_path, **limits, **more)
        assert planned == wanted, limits


@pytest.mark.larger
@pytest.mark.parametrize("processor", first(1, ["qwen3-vl", "embedded"]))
def test_videos_of_ms_swift(tmp_path, processor):
    """Files and lists of frames, which are images first, where the most pixels of an image are others."""
    from tests.oracle.corpus import write_corpus
    from tests.trainers.swift_videos import make_swift_videos

    corpus = make_swift_videos(tmp_path, 3, many(42, 140), few=True, processor=processor)
    kept = [entry for entry in corpus["entries"] if "video_fps" not in entry["settings"]]
    registry = write_corpus({**corpus, "entries": kept}, tmp_path)
    more = {"trainer": "ms-swift", "processor": processor, "truncation_strategy": "right"}
    check(registry, tmp_path / "run", **more)
    for option in plan(FinishedRun(tmp_path / "run"), (200, 8192), (3136, 50_000), 8).options:
        limits = {"cutoff_len": option.cutoff_len, "image_max_pixels": option.image_max_pixels}
        planned, wanted = of_plan(option), of_full_run(tmp_path, tmp_path / "full", **limits, **more)
        assert planned == wanted, limits


@pytest.mark.parametrize("trainer", ["llamafactory", "llamafactory@0.9.1", "trl", "qwen-vl-utils", "ms-swift"])
def test_image_tokens_in_a_text_stop_training_in_a_plan_as_in_a_check(dataset, trainer):
    texts = [
        ("a", "b"),
        ("a<|image_pad|>", "b"),
        ("a", "b<|video_pad|>"),
        ("a", "word " * 90),
        ("<|image_pad|>" * 90, "b"),
    ]
    dataset.write([say(*some) for some in texts])
    result, _ = dataset.check(trainer=trainer, cutoff_len=64)
    (option,) = plan(FinishedRun(dataset.folder / "run"), (), (), 1).options
    counts, said = option.counts, result.summary["training"]
    assert said["stops"] == {"qwen-vl-utils": 0, "ms-swift": 2}.get(trainer, 3)
    assert (counts.crashed, counts.dropped, counts.cut, counts.whole) == tuple(
        said[word] for word in ("stops", "dropped", "cut", "whole")
    )


def test_parts_add_up(home, monkeypatch):
    whole = plan(FinishedRun(home / "run"), CUTOFFS, PIXELS, 8)
    monkeypatch.setattr(laid_out, "ROWS", 7)
    assert plan(FinishedRun(home / "run"), CUTOFFS, PIXELS, 8) == whole


def test_truncation_of_many_pairs():
    import numpy as np

    dice = random.Random(2)
    cases = [tuple(dice.randrange(0, 10 ** dice.randrange(1, 6)) for _ in range(3)) for _ in range(3000)]
    cases = [(source, target, cutoff + 1) for source, target, cutoff in cases]
    found = infer_seqlens(*(np.array(column) for column in zip(*cases, strict=True)))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == [infer_seqlen(*case) for case in cases]


@pytest.mark.parametrize("multiple", [1, 8])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 20])
def test_padding_is_the_mean_over_all_batches(batch_size, multiple):
    lengths = [5, 8, 9, 9, 17, 40, 64]
    padded = [-(-length // multiple) * multiple for length in lengths]
    batches = list(itertools.combinations(padded, min(batch_size, len(lengths))))
    mean = sum(map(max, batches)) / len(batches)
    assert padded_tokens(Counter(lengths), batch_size, multiple) == pytest.approx(mean * len(lengths))


@pytest.mark.parametrize(
    ("trainer", "padded"), [("llamafactory", True), ("hf", False), ("qwen-vl-utils", False), ("ms-swift", False)]
)
def test_batches_of_one_row_are_padded_to_the_multiple_of_the_trainer(dataset, trainer, padded):
    dataset.write([say("a", "b")])
    dataset.check(trainer=trainer)
    (option,) = plan(FinishedRun(dataset.folder / "run"), (), (), 1).options
    assert (option.padding_waste > 0) == padded


def test_recommends_the_largest_images_without_loss(home):
    made = plan(FinishedRun(home / "run"), (64, 1000, 8192), (20_000, 1_048_576), 8)
    best = made.recommended
    assert (best.cutoff_len, best.image_max_pixels) == (1000, 1_048_576)
    tight = plan(FinishedRun(home / "run"), (64,), (20_000, 1_048_576), 8)
    assert not tight.recommended.sound
    assert f"A cutoff_len of {tight.recommended.counts.longest} would cut nothing" in " ".join(tight.advice())

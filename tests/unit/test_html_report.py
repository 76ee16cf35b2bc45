"""What stands behind the HTML report: numbers that must be exact, bounds that must hold, and data that is gone."""

import json
import os
from collections import Counter
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import ROOT, check, say
from tests.tiers import first
from validator.engine.run_files import store
from validator.engine.run_files.amend import accept, load_run
from validator.engine.run_files.finished import FinishedRun
from validator.facts.recipe import limits_of
from validator.facts.record import RowFacts, TurnFacts
from validator.facts.settle import settle
from validator.facts.strip import segments
from validator.facts.table import from_record
from validator.report.html import thumbnails, write_html
from validator.report.html.charts import histogram
from validator.report.html.choice import MOST, choose
from validator.report.html.page import compact
from validator.report.html.scan import cell_of, scan
from validator.report.html.text import pieces
from validator.report.html.thumbnails import Drawing, draw
from validator.settings import Settings
from validator.tokens.processor import load_processor
from validator.trainers.llamafactory.resize import regularize

SAMPLES = ROOT / "sample_data" / "dataset_info.json"
RESIZE = partial(regularize, max_pixels=1 << 20, min_pixels=1024)


@pytest.fixture(scope="module")
def cut_run(tmp_path_factory):
    """sample_data under a cutoff that cuts many rows, in many small row groups."""
    folder = tmp_path_factory.mktemp("cut") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "ROW_GROUP", 128)
        check(SAMPLES, folder, cutoff_len=300)
    return folder


def facts_of(folder, limits):
    for record in pq.read_table(folder / "samples.parquet").to_pylist():
        facts = from_record(record)
        settle(facts, limits)
        yield record, facts


def limits_for(**settings):
    chosen = Settings(dataset_info=SAMPLES, **settings)
    return limits_of(chosen, load_processor(chosen.processor))


@pytest.mark.parametrize("options", [{"mask_history": True}, *first(0, [{}, {"train_on_prompt": True}])])
@pytest.mark.parametrize("cutoff", [40, 300, 8192])
def test_segments_add_up_to_the_counts_of_the_row(cut_run, cutoff, options):
    limits = limits_for(cutoff_len=cutoff, **options)
    for _, facts in facts_of(cut_run, limits):
        strip = segments(facts, limits)
        if facts.budget is None:
            assert strip == []
            continue
        assert sum(part.tokens for part in strip) == facts.num_tokens_full
        assert sum(part.kept for part in strip) == facts.num_tokens
        assert sum(part.kept for part in strip if part.span.is_label) == facts.num_label_tokens
        visual = sum(part.kept for part in strip if part.span.kind != "text")
        assert visual == facts.num_image_tokens + facts.num_video_tokens


def test_pads_in_the_text_are_pads_of_no_medium():
    turn = TurnFacts(0, "user", text_tokens=(9,), loose_pads=(4,))
    answer = TurnFacts(1, "assistant", text_tokens=(3,))
    facts = RowFacts(dataset="", file="", row=0, sample_id="", content_hash="", turns=[turn, answer])
    limits = limits_for(cutoff_len=64)
    settle(facts, limits)
    spans = [(part.span.kind, part.tokens, part.kept, part.span.medium) for part in segments(facts, limits)]
    assert spans == [("text", 4, 4, None), ("image", 1, 1, None), ("text", 4, 4, None), ("text", 3, 3, None)]


def test_distributions_are_those_of_the_rows(cut_run):
    limits = limits_for(cutoff_len=300)
    lengths, visual, density, uncounted = Counter(), Counter(), Counter(), 0
    for _, facts in facts_of(cut_run, limits):
        if facts.budget is None:
            uncounted += 1
            continue
        tokens = sum(facts.budget.image_tokens) + sum(facts.budget.video_tokens)
        lengths[facts.num_tokens_full] += 1
        visual[tokens] += 1
        density[tuple(int(cell) for cell in cell_of(np.array([facts.num_tokens_full - tokens, tokens])))] += 1
    found = scan(FinishedRun(cut_run), limits)
    assert dict(zip(*map(np.ndarray.tolist, found.lengths.totals()), strict=True)) == lengths
    assert dict(zip(*map(np.ndarray.tolist, found.visual.totals()), strict=True)) == visual
    assert {tuple(map(int, at)): int(found.density[tuple(at)]) for at in np.argwhere(found.density)} == density
    assert (found.uncounted, found.rows) == (uncounted, lengths.total() + uncounted)
    assert sum(found.cut.values()) == sum(number for length, number in lengths.items() if length > 300)
    assert sum(int(cells.sum()) for cells in found.by_dataset.values()) == lengths.total()


def test_every_rule_of_every_dataset_is_shown(cut_run):
    keys = [(one["dataset"], one["file"], one["row"]) for one in pq.read_table(cut_run / "samples.parquet").to_pylist()]
    choice = choose(FinishedRun(cut_run))
    shown = {keys[place] for place in choice.places}
    findings = [one for one in pq.read_table(cut_run / "findings.parquet").to_pylist() if one["row"] is not None]
    groups = {(one["code"], one["dataset"]) for one in findings}
    of_shown = {(one["code"], one["dataset"]) for one in findings if (one["dataset"], one["file"], one["row"]) in shown}
    assert of_shown == groups
    assert choice.flagged == len({(one["dataset"], one["file"], one["row"]) for one in findings})


def test_the_riskiest_of_a_rule_are_shown(dataset):
    dataset.write([say("word " * (1 + 7 * number % 500), "", images=[]) for number in range(500)])
    dataset.check()
    samples = dataset.samples()
    choice = choose(FinishedRun(dataset.folder / "run"))
    riskiest = sorted(range(500), key=lambda place: (-samples[place]["risk_score"], place))
    assert choice.flagged == 500
    assert list(choice.places) == riskiest[:MOST]


@pytest.mark.parametrize("cutoff", [1, 30, 700, 5000, 10**6])
@pytest.mark.parametrize("top", [3, 40, 900, 60_000])
def test_bars_hold_every_row_on_its_side_of_the_cutoff(cutoff, top):
    values = np.unique(np.random.default_rng(top).integers(0, top, 500))
    counts = np.arange(1, len(values) + 1)
    chart = histogram(values, counts, cutoff)
    assert sum(bar.rows for bar in chart.bars) == counts[values > 0].sum()
    assert chart.beyond == counts[values > cutoff].sum()
    if chart.cutoff is not None:
        assert sum(bar.rows for bar in chart.bars if bar.beyond) == chart.beyond
    for bar in chart.bars:
        assert bar.rows == counts[(values >= bar.low) & (values <= bar.high)].sum()
        assert 0 <= bar.left <= bar.left + bar.width <= 1.0001


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (15.5, "16"), (9876, "9,876"), (12_345, "12.3k"), (111_244, "111k"), (1_250_000, "1.2M"), (4e9, "4.0G")],
)
def test_numbers_at_an_axis_are_short(value, text):
    assert compact(value) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [("plain", "plain", None)]),
        ("a<image>b<image>", [("plain", "a", None), ("placeholder", "<image>", 0), ("plain", "b", None),
                              ("placeholder", "<image>", 1)]),
        ("<|im_end|>", [("special", "<|im_end|>", None)]),
        ("a\u202e\u202eb", [("plain", "a", None), ("hidden", "U+202E × 2", None), ("plain", "b", None)]),
        ("line\n\tline", [("plain", "line\n\tline", None)]),
        ("\ud800", [("hidden", "U+D800", None)]),
        ("👩\u200d💻", [("plain", "👩\u200d💻", None)]),
    ],
)  # fmt: skip
def test_text_in_pieces(text, expected):
    assert [(piece.kind, piece.text, piece.number) for piece in pieces(text, 100)] == expected


def test_long_text_keeps_both_ends_and_counts_what_is_between():
    seen = Counter()
    shown = pieces("start " + "<image>" * 1000 + " end", 100, seen)
    assert shown[0].text == "start " and shown[-1].text == " end"
    assert [piece.text for piece in shown if piece.kind == "left-out"] == [
        "6,910 characters left out, 987 placeholders among them"
    ]
    assert seen["<image>"] >= 990


@pytest.mark.proof
def test_a_page_of_hostile_rows_and_noisy_pictures_is_bounded(dataset):
    noise = np.random.default_rng(0)
    pictures = []
    for number in range(60):
        pictures.append(f"{number}.png")
        Image.fromarray(noise.integers(0, 255, (240, 240, 3), np.uint8)).save(dataset.folder / pictures[-1])
    ugly = "\"'&<>" * 1500
    dataset.write(
        [say(*[f"{number}<image>{ugly}", ugly, *[ugly] * 6, ugly, ""], images=[pictures[number % 60]] * 2)
         for number in range(MOST + 50)]
    )  # fmt: skip
    result, _ = dataset.check(cutoff_len=64)
    page = dataset.folder / "report.html"
    write_html(FinishedRun(result.folder), page)
    assert 3_000_000 < page.stat().st_size < 5_000_000


@pytest.mark.proof
def test_names_without_end_are_bounded(dataset):
    dataset.write([say("hello", "", images=[])] * 3)
    entry = json.loads(dataset.registry.read_text())["data"]
    dataset.registry.write_text(json.dumps({f"{number}{'name' * 2000}": entry for number in range(100)}))
    dataset.check()
    assert len(written(dataset)) < 2_500_000  # a sample that is shown has its whole name once, to be found by


def test_two_writings_are_the_same_bytes(dataset):
    dataset.write([say("<image>a", "", images=[dataset.image("a.png")])])
    result, _ = dataset.check()
    pages = [dataset.folder / name for name in ("one.html", "two.html")]
    for page in pages:
        write_html(FinishedRun(result.folder), page)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def written(dataset):
    page = dataset.folder / "report.html"
    write_html(FinishedRun(dataset.folder / "run"), page)
    return page.read_text()


def test_data_that_is_gone_or_has_changed_is_said_to_be(dataset):
    rows = [say("<image>question zero", "", images=[dataset.image("a.png")]), say("question one", "", images=[])]
    dataset.write(rows)
    dataset.check()
    assert written(dataset).count("<img ") == 2
    (dataset.folder / "a.png").unlink()
    assert "question zero" in written(dataset) and "<img " not in written(dataset)
    dataset.write([{**rows[0], "id": 5}, rows[1]])
    text = written(dataset)
    assert "the row has changed since the run" in text and "question zero" not in text and "question one" in text
    (dataset.folder / "data.jsonl").unlink()
    assert "its data file is gone" in written(dataset)
    dataset.registry.unlink()
    text = written(dataset)
    assert "could not be read again" in text and "LB002" in text


def test_a_processor_that_is_gone_costs_the_budgets_only(dataset):
    dataset.write([say("question", "", images=[])])
    result, _ = dataset.check()
    summary = json.loads((result.folder / "summary.json").read_text())
    summary["settings"]["processor"] = str(dataset.folder / "nothing")
    (result.folder / "summary.json").write_text(json.dumps(summary))
    assert "LB002" in written(dataset)


@pytest.mark.parametrize(
    ("rows", "entry", "shown"),
    [
        ([], {}, "No row has a finding"),
        ([say("<image>a", "b", images=["gone.png"])], {}, "MD001"),
        ([say("a", "b", images=[])], {"file_name": "gone.jsonl"}, "DI002"),
        ([say("a", "b", images=[])], {}, "No rule found anything"),
    ],
)
def test_runs_with_nothing_to_draw(dataset, rows, entry, shown):
    dataset.write(rows, **entry)
    dataset.check()
    text = written(dataset)
    assert shown in text and "<h1" in text


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not a finished run"):
        write_html(FinishedRun(tmp_path), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.proof
def test_a_picture_that_hangs_or_kills_its_process_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "SECONDS", 3.0)
    Image.init()  # the child has its plug-ins at once
    real = thumbnails.draw_one
    monkeypatch.setattr(thumbnails, "draw_one", lambda task: os._exit(9) if task.key[2] == 1 else real(task))
    Image.new("RGB", (100, 50), "red").save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    sources = [tmp_path / name for name in ("pipe.png", "good.png", "bad.png", "good.png")]
    tasks = [
        Drawing(("data", "file", number, "image", 0), str(source), False, (112, 56), RESIZE)
        for number, source in enumerate(sources)
    ]
    drawn = draw(tasks, 100_000)
    assert [key[2] for key in drawn] == [3]
    pictures = [Image.open(BytesIO(data)) for data in (drawn[tasks[3].key].original, drawn[tasks[3].key].fed)]
    assert [picture.size for picture in pictures] == [(100, 50), (112, 56)]


def gradient(size):
    across, down = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    return np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)


def odd_picture(kind, path):
    """A picture that the trainer sees otherwise than a viewer shows it, and what a viewer shows."""
    pixels = gradient((112, 84))
    if kind == "turned":
        image = Image.fromarray(pixels)
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(path, "JPEG", quality=95, exif=exif)
        return image.transpose(Image.Transpose.ROTATE_270)
    if kind == "clear":
        image = Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 0, np.uint8)]))
        image.save(path, "PNG")
        return image
    if kind == "deep":
        Image.fromarray((pixels[..., 0].astype(np.uint16)) * 257).save(path, "PNG")
        return Image.fromarray(pixels[..., 0])
    image = Image.fromarray(pixels)
    image.save(path, "PNG")
    return image


@pytest.mark.parametrize("kind", ["plain", "turned", "clear", "deep"])
def test_the_two_pictures_are_what_a_viewer_and_what_the_model_sees(tmp_path, kind):
    path = tmp_path / "picture"
    shown = odd_picture(kind, path)
    (drawn,) = draw([Drawing(("data", "file", 0, "image", 0), str(path), False, (112, 84), RESIZE)], 10**6).values()
    original, fed = (Image.open(BytesIO(data)) for data in (drawn.original, drawn.fed))
    assert original.size == shown.size and fed.size == (112, 84)
    expected = regularize(Image.open(path), 1 << 20, 1024)
    difference = np.abs(np.asarray(fed.convert("RGB"), float) - np.asarray(expected, float))
    assert difference.mean() < 6
    if kind == "clear":
        assert original.convert("RGBA").getextrema()[3] == (0, 0)
    else:
        assert np.abs(np.asarray(original.convert("RGB"), float) - np.asarray(shown.convert("RGB"), float)).mean() < 6


def test_what_the_baseline_accepts_is_marked_and_takes_no_place(dataset):
    rows = [say(*("abc" if number < 3 else "ab")) for number in range(6)]
    dataset.write([row | {"images": [f"{number}.png"] if number % 3 == 0 else []} for number, row in enumerate(rows)])
    dataset.check(severity={"MD001": "warning", "PH001": "warning"})
    folder = dataset.folder / "run"
    accept(load_run(folder), dataset.folder / "baseline.json", "known")
    chosen = choose(FinishedRun(folder))
    assert chosen.flagged == 2 and len(chosen.places) == 2  # rows 0 and 3: the warnings
    write_html(FinishedRun(folder), dataset.folder / "report.html")
    page = (dataset.folder / "report.html").read_text(encoding="utf-8")
    assert page.count("accepted by the baseline") == 1 and "baseline: 3 findings accepted" in page


def test_turns_and_pictures_are_found_from_any_folder(dataset, tmp_path_factory, monkeypatch):
    """The registry is named from the folder in which the run was made."""
    image = dataset.image("a.png", (56, 56))
    dataset.write([say("<image>a", "", images=[image])])
    monkeypatch.chdir(dataset.folder)
    check("dataset_info.json", dataset.folder / "run")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    page = Path("report.html")
    write_html(FinishedRun(dataset.folder / "run"), page)
    text = page.read_text()
    assert "data:image/webp;base64," in text and "could not be read again" not in text

"""Runs inside the environment with llamafactory-kt: LLaMA-Factory v1's data engine, renderer and batching, asked about
every row of files.

    PYTHON -m tests.trainers.judge_v1 VOCABULARY INPUT_JSON

Stubbed: torchdata, whose loader only carries rows from the one to the other; and torchvision's decoder, which does not
load beside a torch without CUDA: Pillow stands in for it, and like it takes images as they lie in the file.

A row is several samples, each a prefix of it that ends with an answer: the answer here is the longest that is fed, with
the labels of all.
"""

import hashlib
import json
import logging
import pathlib
import sys
import types
import warnings

from tests.trainers import ffmpeg  # noqa: F401

# isort: split
from tests.oracle.environment.processor import PUBLISHED, make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

# What stands in for torchvision is in place before the trainer imports it
# isort: split
from datasets import disable_progress_bars
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor
from transformers import image_processing_backends


def stub_torchdata():
    for name in ("torchdata", "torchdata.stateful_dataloader", "torchdata.stateful_dataloader.sampler"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchdata.stateful_dataloader"].StatefulDataLoader = None
    sys.modules["torchdata.stateful_dataloader.sampler"].StatefulDistributedSampler = None


stub_torchdata()
from llamafactory.v1.core.data_engine import DataEngine  # noqa: E402
from llamafactory.v1.core.rendering import Renderer  # noqa: E402
from llamafactory.v1.core.utils.batching import BatchGenerator, _collate_micro_batch  # noqa: E402

logging.disable(logging.CRITICAL)
disable_progress_bars()
warnings.simplefilter("ignore")
load_decoded = image_processing_backends.load_image_as_tensor


def load_image(image):
    """Of a file as torchvision would: without its EXIF block."""
    return pil_to_tensor(Image.open(image).convert("RGB")) if isinstance(image, str) else load_decoded(image)


image_processing_backends.load_image_as_tensor = load_image


def told(error):
    return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}


def engine_of(path):
    """The data engine with its rows, which are not converted yet: it does that for all at once."""
    engine = DataEngine.__new__(DataEngine)
    engine.path, engine.datasets, engine.streaming = path, {}, False
    engine._get_dataset_info()
    engine._load_dataset()
    return engine


def fed(engine, name, number, renderer, cutoff):
    """The samples of a row that are fed, as ids and labels."""
    batching = BatchGenerator.__new__(BatchGenerator)
    batching.cutoff_len, batching._warned_truncation = cutoff, True
    sample = engine._convert_data_sample(engine.datasets[name][number], name)
    samples = [engine._get(name, number, cut) for cut in engine._prefix_cuts(sample)]
    inputs = [renderer.process_samples([one])[0] for one in samples]
    batches = [_collate_micro_batch([one], cutoff) for one in batching._drop_unsupervised(inputs)]
    return [(batch["input_ids"][0].tolist(), batch["labels"][0].tolist(), batch) for batch in batches]


def answer(engine, name, number, renderer, cutoff, pads):
    try:
        found = fed(engine, name, number, renderer, cutoff)
    except Exception as error:
        return told(error)
    if not found:
        return {"status": "dropped"}
    ids, labels, batch = max(found, key=lambda one: len(one[0]))
    labels = list(labels)
    for some, learned, _ in found:
        assert some == ids[: len(some)], "a sample is no prefix of the longest"
        for place, label in enumerate(learned):
            if label != -100:
                assert labels[place] in (-100, label)
                labels[place] = label
    images, films = map(ids.count, pads)
    for count, name in ((images, "image_grid_thw"), (films, "video_grid_thw")):
        grids = batch.get(name)
        assert count == (0 if grids is None else int(grids.prod(-1).sum()) // 4)
    shown = {"video_tokens": films} if films else {}
    sha = hashlib.sha256(json.dumps([ids, labels]).encode()).hexdigest()[:16]
    learned = sum(label != -100 for label in labels)
    counts = {"len": len(ids), "labels": learned, "image_tokens": images, **shown}
    return {"status": "ok", **counts, "sha": sha, "samples": len(found)}


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, given.get("tokens", ()))
    pads = tokenizer.convert_tokens_to_ids(["<|image_pad|>", "<|video_pad|>"])
    model = "qwen2.5-vl" if given.get("tokens") else "qwen2-vl"
    template = pathlib.Path(given["template"]).read_text()
    answers = {}
    for name, file in given["files"].items():
        settings = file["settings"]
        limits = settings.get("image_min_pixels", 3136), settings.get("image_max_pixels", 12845056)
        processor = make_processor(tokenizer, *limits, model=model)
        processor.video_processor.size = dict(PUBLISHED)  # which nothing here changes
        processor.chat_template = template
        renderer = Renderer(processor)
        try:
            engine = engine_of(file["file"])
            ((entry, rows),) = engine.datasets.items()
        except Exception as error:
            answers[name] = told(error)
            continue
        answers[name] = [
            answer(engine, entry, number, renderer, settings["cutoff_len"], pads) for number in range(len(rows))
        ]
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main(*sys.argv[1:])

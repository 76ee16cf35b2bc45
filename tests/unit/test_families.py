"""The families of models: which of them a name, a training file or a folder means."""

import json

import pytest

from tests.conftest import say
from tests.oracle.model_folder import make_folder
from validator.api.prepare import prepare
from validator.models.families import FAMILIES, QWEN2_5_VL, QWEN2_VL, QWEN3_5, QWEN3_VL, named_type, of_files
from validator.settings import Settings
from validator.tokens.encoder import TokenizersEncoder
from validator.tokens.known_templates import LATER, known_templates
from validator.tokens.processor import load_processor
from validator.trainers.registry import trainer_named
from validator.training.config import make_config
from validator.training.family import assumption, fed_as


@pytest.mark.parametrize(
    ("name", "model_type"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", "qwen2_vl"),
        ("Qwen/Qwen2.5-VL-72B-Instruct-AWQ", "qwen2_5_vl"),
        ("saves/qwen2_5vl-sft", "qwen2_5_vl"),
        ("Qwen/Qwen3-VL-4B-Thinking", "qwen3_vl"),
        ("Qwen/Qwen3-VL-30B-A3B-Instruct", "qwen3_vl_moe"),
        ("Qwen/Qwen3.5-9B-Base", "qwen3_5"),
        ("Qwen/Qwen3.5-397B-A17B", "qwen3_5_moe"),
        ("Qwen/Qwen3.6-35B-A3B", "qwen3_5_moe"),
        ("Qwen/Qwen3-5B", None),
        ("Qwen/Qwen3.55-VL", None),
        ("Qwen/Qwen2.5-7B-Instruct", None),
        ("llava-hf/llava-1.5-7b-hf", None),
    ],
)
def test_the_family_that_a_name_says(name, model_type):
    assert named_type(name) == model_type


@pytest.mark.parametrize(
    ("model", "images", "family"),
    [
        ({}, {}, QWEN2_VL),
        ({"model_type": "qwen3_vl_moe"}, {"processor_class": "Qwen3VLProcessor"}, QWEN3_VL),
        ({"model_type": "qwen3_5"}, {"processor_class": "Qwen3VLProcessor"}, QWEN3_5),
        ({}, {"processor_class": "Qwen2_5_VLProcessor", "image_processor_type": "Qwen2VLImageProcessor"}, QWEN2_5_VL),
        ({}, {"image_processor_type": "Qwen2VLImageProcessorFast"}, QWEN2_VL),
        ({"model_type": 5}, {"processor_class": None}, QWEN2_VL),
    ],
)
def test_the_family_that_files_say(model, images, family):
    assert of_files(model, images) is family


def test_every_template_of_a_family_is_the_trainers():
    names = {name for family in FAMILIES for name in family.templates}
    assert names <= known_templates().keys() | LATER.keys()
    assert {name for family in FAMILIES if family.thinks == "never" for name in family.templates} == {"qwen2_vl"}
    known = known_templates() | LATER
    assert {name for name in names if known[name].thinks} == {"qwen3_vl", "qwen3_5", "qwen3_6", "qwen3_8"}


def test_the_processor_of_qwen2_vl_has_two_names_and_results_say_one():
    assert Settings(dataset_info="x").processor == Settings(dataset_info="x", processor="embedded").processor
    assert Settings(dataset_info="x").processor == "qwen2-vl"
    assert load_processor("embedded") is load_processor("qwen2-vl")


@pytest.mark.parametrize(
    ("model", "template", "processor", "assumed"),
    [
        ("Qwen/Qwen3-VL-4B-Thinking", "qwen3_vl", "qwen3-vl", None),
        ("Qwen/Qwen3.5-4B", "qwen3_5", "qwen3.5", None),
        ("saves/mine", "qwen3_5_nothink", "qwen3.5", "taken for a Qwen3.5"),
        ("saves/mine", "qwen3_vl", "qwen3-vl", "taken for a Qwen3-VL"),
        ("saves/mine", "qwen2_vl", "qwen2-vl", "taken for a Qwen2-VL"),
        ("saves/mine", "llama3", "qwen2-vl", None),
    ],
)
def test_what_a_training_file_feeds(model, template, processor, assumed):
    config = make_config({"model_name_or_path": model, "template": template, "stage": "sft"})
    assert fed_as(config) == {"processor": processor, "template": template}
    assert (assumption(config) or "").partition(":")[0] == (assumed or "")


def test_a_folder_of_qwen3_5(tmp_path):
    processor = load_processor(str(make_folder(tmp_path)))
    assert processor.family is QWEN3_5 and processor.unknown is None
    assert isinstance(processor.encoder, TokenizersEncoder)
    assert (processor.patch_size, processor.min_pixels, processor.max_pixels) == (16, 65536, 16777216)
    template = trainer_named("llamafactory").template(processor, None)
    assert template.thoughts is not None and template.default_system == ""


def changed(folder, file, **keys):
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


UNCOUNTED = {
    "another model_type": (
        lambda folder: changed(folder, "config.json", model_type="llava"),
        "is of model_type llava, a family that is not reproduced",
    ),
    "another class": (
        lambda folder: (
            changed(folder, "preprocessor_config.json", processor_class="X"),
            (folder / "config.json").unlink(),
        ),
        "is of processor_class X, a family that is not reproduced",
    ),
    "the class of two families": (
        lambda folder: (folder / "config.json").unlink(),
        "a config.json beside it would say its family",
    ),
    "a class that splits words otherwise": (
        lambda folder: changed(folder, "tokenizer_config.json", tokenizer_class="Qwen2Tokenizer"),
        "splits words otherwise than the class",
    ),
}


@pytest.mark.parametrize("case", UNCOUNTED)
def test_a_folder_that_cannot_be_counted_leaves_rows_unchecked(case, dataset):
    change, said = UNCOUNTED[case]
    change(make_folder(dataset.folder / "model"))
    registry = dataset.write([say("a", "b"), say("c", "d")])
    settings = Settings(dataset_info=registry, processor=str(dataset.folder / "model"))
    (note,) = prepare(settings).notes
    assert note.startswith("No row is counted: ") and said in note
    result, findings = dataset.check(processor=settings.processor)
    assert result.summary["rows"]["unchecked"] == 2
    assert [said in finding["message"] for finding in findings if finding["code"] == "XX001"] == [True, True]


def test_a_family_whose_vocabulary_is_not_shipped(dataset):
    dataset.write([say("a", "b")])
    result, findings = dataset.check(processor="qwen3.5", template="qwen3_5")
    assert result.summary["rows"]["unchecked"] == 1
    assert any("the vocabulary of Qwen3.5 is not shipped" in finding["message"] for finding in findings)

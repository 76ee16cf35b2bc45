"""Options of TRL's training file at which TRL stops, given these data.

## What it finds
Packing, `padding_free`, or `truncation_mode: keep_end` beside a `max_length`, where the data have a column `image` or
`images`; `padding_free` without packing beside a `max_length`, and packing without one, where they have none; unknown
words for `truncation_mode`, `packing_strategy` and `loss_type`; a mixture (`datasets`) whose parts have a `fraction` in
some and not in others, or that is not called `train`; a test split that a mixture does not have.

## Why it matters
TRL loads the data and the model first, and then stops: `ValueError: Packing is not supported for vision datasets.`

## Example
`packing: true`, with data that have a column `images`.

## What to do
Follow the help of the finding. Conditions are those of TRL 1.16.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Hit, trl_rule
from validator.training.config import shown
from validator.training.trl_config import TrlCase, TrlConfig

_PACKED = ("bfd", "bfd_split", "wrapped", "bfd-requeue")
_Stop = tuple[tuple[str, ...], str, str]
"""Keys, what TRL says, the fix."""


@trl_rule("CF044", "trl-options-refused", "error")
def check(case: TrlCase) -> Iterator[Hit]:
    """Put the options to what is known of the data."""
    stops = list(_of_mixture(case.config))
    if case.pictured is not None:
        stops += _of_images(case.config) if case.pictured else _of_text(case.config)
    if case.config["loss_type"] not in ("nll", "dft", "chunked_nll"):
        stops.append((("loss_type",), "ValueError: Invalid `loss_type`", "Write loss_type: nll or dft."))
    for keys, words, fix in stops:
        said = " with ".join(f"`{key}: {shown(case.config[key])}`" for key in keys)
        where = {None: "", True: " for data with a column of images", False: ""}[case.pictured]
        yield Hit(f"{said}: TRL stops{where} with {words}", fix, evidence={"keys": list(keys)})


def _of_images(config: TrlConfig) -> Iterator[_Stop]:
    if config["packing"]:
        yield ("packing",), "ValueError: Packing is not supported for vision datasets", "Remove `packing`."
    if config["padding_free"]:
        words = "ValueError: Padding-free training is yet not supported for vision datasets"
        yield ("padding_free",), words, "Remove `padding_free`."
    if config["truncation_mode"] == "keep_end" and config["max_length"] is not None:
        words = "ValueError: truncation_mode='keep_end' is not supported for vision datasets"
        yield ("truncation_mode", "max_length"), words, "Remove `truncation_mode`, or write max_length: null."


def _of_text(config: TrlConfig) -> Iterator[_Stop]:
    if config["packing"] and config["max_length"] is None:
        words = "ValueError: When packing is enabled, `max_length` can't be `None`"
        yield ("packing", "max_length"), words, "Write a max_length, or remove `packing`."
    if config["packing"] and config["packing_strategy"] not in _PACKED:
        yield ("packing_strategy",), "ValueError: Invalid packing strategy", "Write packing_strategy: bfd."
    if config["padding_free"] and not config["packing"] and config["max_length"] is not None:
        words = "ValueError: When `padding_free=True` without packing, `max_length` is not enforced"
        yield ("padding_free", "max_length"), words, "Add packing: true, or write max_length: null."
    odd = config["truncation_mode"] not in ("keep_start", "keep_end")
    if odd and not config["packing"] and config["max_length"] is not None:
        yield ("truncation_mode",), "ValueError: Unsupported truncation mode", "Write truncation_mode: keep_start."


def _of_mixture(config: TrlConfig) -> Iterator[_Stop]:
    if not config.parts:
        return
    shares = [part.get("fraction") is not None for part in config.parts]
    if any(shares) and not all(shares):
        words = "ValueError: `fraction` must be set for either all datasets in the mixture or none of them"
        yield ("datasets",), words, "Give each of `datasets` a fraction, or none."
    elif any(shares) and config["streaming"]:
        words = "ValueError: Using a dataset `fraction` is not supported with streaming datasets"
        yield ("datasets", "streaming"), words, "Remove `streaming`, or the fractions."
    if config["dataset_train_split"] not in ("train", *(("test",) if config["test_split_size"] is not None else ())):
        words = f"KeyError: {shown(config['dataset_train_split'])}, since a mixture is called train"
        yield ("datasets", "dataset_train_split"), words, "Remove `dataset_train_split`; name the split of each part."
    if (
        config["eval_strategy"] != "no"
        and config["test_split_size"] is None
        and config["dataset_test_split"] != "train"
    ):
        words = f"KeyError: {shown(config['dataset_test_split'])}, since a mixture has no split to evaluate on"
        yield ("datasets", "eval_strategy"), words, "Add a test_split_size, or remove `eval_strategy`."


RULE = check

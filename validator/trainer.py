"""Trainer profiles: whose loader is reproduced, and the choices in which loaders differ.

A profile is data; what a word stands for is built where it is needed (conversation, media, tokens, facts). Each profile
is compared with the real package in tests/trainers (llamafactory: tests/oracle).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DEFAULT = "llamafactory"


@dataclass(frozen=True, slots=True)
class VideoRecipe:
    """How videos are sampled and resized. Pixel limits are per frame.

    `headers`: tokens are counted from the container's header where that is usable. `odd`: what becomes of an odd number
    of frames; `least` is the smallest number that is sampled of a video with a length, `endless` says whether one
    without a number of frames is sampled by place.
    """

    fps: float = 2.0
    most: int = 128
    least: int = 1
    max_pixels: int = 256 * 256
    min_pixels: int = 16 * 16
    headers: bool = True
    odd: Literal["repeat", "drop"] = "repeat"
    endless: bool = True
    lists: bool = True


@dataclass(frozen=True, slots=True)
class BatchRecipe:
    """How samples become a batch. `multiple`: it is padded to a multiple of that many tokens. `fake_picture`: a white
    picture is put into one without media. `masks_pads`: <|endoftext|> is masked wherever it stands.
    """

    multiple: int = 8
    fake_picture: bool = True
    masks_pads: bool = False


@dataclass(frozen=True, slots=True)
class Loader:
    """How a trainer reads data files: a release of `datasets`, or Qwen's own reading of JSON.

    `kinds`: Arrow types that it takes besides those of `datasets` 4.0. `mixes`: values of several types in one place
    are kept as JSON, and an array is read as its lines would be: text becomes dates by its value, not by the name of
    its column. `plain`: JSON is taken as it stands, without columns and their types.
    """

    name: str = "datasets 4.0"
    kinds: frozenset[str] = frozenset()
    mixes: bool = False
    plain: bool = False


_VIEWS = frozenset(("string_view", "binary_view", "json"))
DATASETS_4_0 = Loader()
DATASETS_4_8 = Loader("datasets 4.8", _VIEWS, mixes=True)
DATASETS_5_2 = Loader("datasets 5.2", _VIEWS | {"fixed_size_binary"}, mixes=True)
OF_QWEN = Loader("json", _VIEWS | {"fixed_size_binary"}, mixes=True, plain=True)


@dataclass(frozen=True, slots=True)
class Trainer:
    """One profile. The defaults are LLaMA-Factory 0.9.5's.

    `template` names how turns are written (tokens/template.py). `media_first`: media are opened before placeholders are
    counted. `unknown_role`: what a role that the registry does not name does to a row. `null_media`: what a null media
    column is, nothing, a crash, or one element that cannot be opened; `null_calls`: what null tool_calls are.
    `joins_each`: each media path is joined to
    media_dir on its own, whatever the first element is. `audio`: audio columns are read (and refused).
    `has_min_pixels`: there is an image_min_pixels, with `min_pixels` as default. `defaults` are its other limits.

    `reading`: turns pair up as questions and answers, or rows are messages of any roles in any order, or conversations
    in which everything but questions is an answer, or as ms-swift reads them. `resizing`: by the trainer first and then
    by the processor, by the processor alone, which is given the pixel limits, or by qwen-vl-utils with them and then by
    the processor, or by qwen-vl-utils alone. `nearest`: the trainer resizes by the nearest pixel. `truncation`: pair by
    pair, or the row as a whole from its end; or a row that is too long is deleted, or loses what is no pad from its
    left or its right. `labels`: everything, or answers; then the first `header` tokens of their turns are not learned.
    `failures`: a row that fails stops training, or another takes its place. `turns_images`: images are turned as their
    EXIF block says. `on_white`: which images with transparency are put on white, those of mode RGBA and those without
    an alpha channel of which one colour is transparent, or all; that of the others is dropped. `loader`: what
    reads its data files. `video` is None where videos are not reproduced. `batch`: how samples become a batch.
    """

    name: str
    describes: str
    template: str = "llamafactory"
    formattings: tuple[str, ...] = ("alpaca", "sharegpt", "openai")
    media_first: bool = False
    unknown_role: Literal["drop", "crash"] = "drop"
    null_media: Literal["nothing", "crash", "item"] = "nothing"
    null_calls: Literal["nothing", "crash"] = "nothing"
    joins_each: bool = False
    audio: bool = True
    has_min_pixels: bool = True
    min_pixels: int = 32 * 32
    has_default_system: bool = True
    reading: Literal["pairs", "messages", "conversations", "swift"] = "pairs"
    resizing: Literal["trainer", "processor", "twice", "utils"] = "trainer"
    nearest: bool = False
    truncation: Literal["pairs", "end", "delete", "left", "right"] = "pairs"
    labels: Literal["answers", "all"] = "answers"
    header: int = 0
    failures: Literal["stop", "replace"] = "stop"
    turns_images: bool = False
    on_white: Literal["nothing", "rgba-and-colour", "all"] = "nothing"
    loader: Loader = DATASETS_4_0
    video: VideoRecipe | None = field(default_factory=VideoRecipe)
    batch: BatchRecipe = field(default_factory=BatchRecipe)
    defaults: Mapping[str, int] = field(default_factory=lambda: {"image_max_pixels": 768 * 768, "cutoff_len": 2048})

    @property
    def family(self) -> str:
        """The name without its version."""
        return self.name.partition("@")[0]


_PROFILES = (
    Trainer(DEFAULT, "LLaMA-Factory 0.9.5"),
    Trainer("llamafactory@0.9.4", "LLaMA-Factory 0.9.4", null_calls="crash", video=VideoRecipe(headers=False)),
    Trainer(
        "llamafactory@0.9.3",
        "LLaMA-Factory 0.9.3",
        template="llamafactory@0.9.3",
        formattings=("alpaca", "sharegpt"),
        video=VideoRecipe(headers=False),
    ),
    Trainer(
        "llamafactory@0.9.2",
        "LLaMA-Factory 0.9.2",
        template="llamafactory@0.9.2",
        formattings=("alpaca", "sharegpt"),
        media_first=True,
        null_media="crash",
        has_default_system=False,
        video=VideoRecipe(least=0, headers=False, lists=False),
    ),
    Trainer(
        "llamafactory@0.9.1",
        "LLaMA-Factory 0.9.1",
        template="llamafactory@0.9.1",
        formattings=("alpaca", "sharegpt"),
        media_first=True,
        unknown_role="crash",
        null_media="item",
        joins_each=True,
        audio=False,
        has_min_pixels=False,
        has_default_system=False,
        video=VideoRecipe(
            most=64, least=0, max_pixels=128 * 128, min_pixels=0, headers=False, odd="drop", endless=False, lists=False
        ),
        nearest=True,
        batch=BatchRecipe(fake_picture=False),
        defaults={"image_max_pixels": 512 * 512, "cutoff_len": 2048},
    ),
    Trainer(
        "hf",
        "TRL's SFTTrainer with transformers' own processor",
        template="messages",
        min_pixels=56 * 56,
        has_default_system=False,
        reading="messages",
        resizing="processor",
        truncation="end",
        labels="all",
        turns_images=True,
        on_white="all",
        loader=DATASETS_5_2,
        video=None,
        batch=BatchRecipe(multiple=1, fake_picture=False),
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 1024},
    ),
    Trainer(
        "qwen-vl-utils",
        "Qwen's own fine-tuning with images of qwen-vl-utils",
        template="conversations",
        min_pixels=28 * 28 * 16,
        has_default_system=False,
        reading="conversations",
        resizing="twice",
        truncation="end",
        header=3,
        failures="replace",
        on_white="rgba-and-colour",
        loader=OF_QWEN,
        video=None,
        batch=BatchRecipe(multiple=1, fake_picture=False, masks_pads=True),
        defaults={"image_max_pixels": 28 * 28 * 576, "cutoff_len": 512},
    ),
    Trainer(
        "ms-swift",
        "ms-swift 4.6, swift sft for Qwen2-VL",
        template="ms-swift",
        formattings=("alpaca", "sharegpt", "ms-swift"),
        min_pixels=28 * 28 * 4,
        reading="swift",
        resizing="utils",
        truncation="delete",
        failures="replace",
        loader=DATASETS_4_8,
        video=None,
        defaults={"image_max_pixels": 28 * 28 * 16384, "cutoff_len": 32768},
    ),
)
TRAINERS: Mapping[str, Trainer] = {trainer.name: trainer for trainer in _PROFILES}
_NOT_BUILT = {
    "llamafactory@0.9.0": "it limits the longer side of images instead of their pixels",
}
"""Known trainers without a profile, and what they do that none here does."""
_SAME = {f"{DEFAULT}@0.9.5": DEFAULT}


def families() -> tuple[str, ...]:
    """The names of all profiles without their versions."""
    return tuple(dict.fromkeys(trainer.family for trainer in TRAINERS.values()))


def trainer_named(name: str) -> Trainer:
    """The profile of a name. Raises ValueError with the names that there are."""
    known = TRAINERS.get(_SAME.get(name, name))
    if name in _NOT_BUILT:
        raise ValueError(f"The trainer {name} is not reproduced: {_NOT_BUILT[name]}. Known: {', '.join(TRAINERS)}.")
    if known is None:
        names = [*TRAINERS, *_SAME]
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        guess = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(f"There is no trainer profile {name}.{guess} Known: {', '.join(TRAINERS)}.")
    return known

"""A picture whose content is in its alpha channel.

## What it finds
Images with an alpha channel that are of one single colour once the trainer has removed it: black on a transparent
ground where it is dropped (llamafactory, ms-swift), white on a transparent ground where the image is put on white.
These images are decoded at `fast` too.

## Why it hurts
LLaMA-Factory converts with Pillow's `convert("RGB")`, which drops the alpha channel and does not put the picture on a
ground: the model sees one black area and is asked what it says; so does ms-swift. transformers' own processor (5.24;
5.19 drops the channel) puts every such image on white, qwen-vl-utils those of mode RGBA: there black survives and white
vanishes. Nothing is logged.

## Example
A formula or an icon, exported as a PNG with a transparent ground.

## What to do
Put the image on a ground that shows it and write it without alpha.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

_LOST = {"alpha-lost": "its alpha channel is dropped", "lost-on-white": "the trainer puts it on white"}


@row_rule("IM004", "alpha-channel-lost", "warning", "fast", needs="content", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        for word in image.probe.content:
            if word in _LOST:
                yield Hit(
                    f"the {image.probe.format} `{clip(image.written)}` is of one colour once {_LOST[word]}: "
                    "its picture is lost",
                    "Put the image on a ground that shows it and write it without alpha.",
                    turn=image.turn,
                    media_index=image.index,
                    evidence={"mode": image.probe.mode},
                )


RULE = check

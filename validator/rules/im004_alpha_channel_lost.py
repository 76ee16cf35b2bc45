"""An image whose content is in its alpha channel.

## What it finds
Images with an alpha channel that are a single colour once the trainer has removed it: black on transparent where it is
dropped (llamafactory, ms-swift), white on transparent where the image is put on a white background. These images are
decoded at `fast` too.

## Why it matters
LLaMA-Factory converts with Pillow's `convert("RGB")`, which drops the alpha channel without a background: the model
sees a black area and is asked what it shows; ms-swift does the same. transformers' own processor (5.24; 5.19 drops the
channel) puts every such image on a white background, qwen-vl-utils those of mode RGBA: there black survives and white
vanishes. Nothing is logged.

## Example
A formula or an icon, exported as a PNG with a transparent background.

## What to do
Flatten the image onto a background colour that shows it and save it without alpha.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every

_LOST = {"alpha-lost": "its alpha channel is dropped", "lost-on-white": "the trainer puts it on a white background"}


@row_rule("IM004", "alpha-channel-lost", "warning", "fast", needs="content", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Look at each image."""
    for image in case.facts.of_kind("image"):
        for word in image.probe.content:
            if word in _LOST:
                yield Hit(
                    f"the {image.probe.format} `{clip(image.written)}` is a single colour once {_LOST[word]}: "
                    "its content is lost",
                    "Flatten the image onto a background colour and save it without alpha.",
                    turn=image.turn,
                    media_index=image.index,
                    evidence={"mode": image.probe.mode},
                )


RULE = check

"""A media file that is not where the trainer looks.

## What it finds
An image path that, joined to `media_dir` (by default the folder of dataset_info.json), is no file, and is none as
written either. An empty path, a folder, a pipe, a file without read permission and one on a
failing disk count too.

## Why it hurts
The trainer warns once per path and then stops: `FileNotFoundError: [Errno 2] No such file or directory`
(LLaMA-Factory#10158, #7280, #7046).

## Example
`"images": ["shots/1.png"]` while the shots lie in another folder than dataset_info.json.

## What to do
Pass the same `--media-dir` as to the trainer, or correct the paths.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.findings import clip
from validator.rules.base import EVERY, Case, Hit, row_rule
from validator.rules.wording import NOT_OPENED, names_file


@row_rule("MD001", "media-missing", "error", needs="faults", trainers=EVERY)
def check(case: Case) -> Iterator[Hit]:
    """Report paths that cannot be opened."""
    for media in case.facts.media:
        if media.fault in NOT_OPENED and names_file(media):
            name = f"`{clip(media.written)}`" if media.written else "an empty path"
            yield Hit(
                f"the {media.kind} {name} {NOT_OPENED[media.fault]}",
                f"Put it there or correct the path: paths are relative to `{case.settings.resolved_media_dir}`, the "
                "trainer's media_dir (--media-dir).",
                turn=media.turn,
                media_index=media.index,
                evidence={"path": clip(media.written, 200)},
            )


RULE = check

"""A media file that is not where the trainer looks.

## What it finds
An image path that, joined to `media_dir` (by default the folder of dataset_info.json), is not a file, nor is it one as
written. An empty path, a folder, a pipe, a file without read permission and one on a failing disk count too. If the
file exists under another spelling (back slashes, percent signs, white space, upper and lower case), or a folder on the
way to it is missing, the message says so; files below one missing folder are reported in one line on the terminal.

## Why it matters
The trainer warns once per path and then stops: `FileNotFoundError: [Errno 2] No such file or directory`
(LLaMA-Factory#10158, #7280, #7046).

## Example
`"images": ["shots/1.png"]` while the shots lie in another folder than dataset_info.json.

## What to do
Pass the same `--media-dir` as to the trainer, or correct the paths. `mmvalidate export --fix` corrects back slashes,
percent signs, white space and `file://` if the corrected file exists.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.record import MediaFacts
from validator.findings import clip
from validator.media.whereabouts import spellings
from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import NOT_OPENED, names_file
from validator.settings import Settings


@row_rule("MD001", "media-missing", "error", needs="faults", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report paths that cannot be opened."""
    for media in case.facts.media:
        if media.probe.fault in NOT_OPENED and names_file(media):
            name = f"`{clip(media.written)}`"
            folder = media.no_folder
            what = NOT_OPENED[media.probe.fault]
            if media.elsewhere is not None:
                what += f", but `{clip(media.elsewhere)}` does"
            elif folder is not None:
                what += f", nor does the folder `{clip(folder)}`"
            yield Hit(
                f"the {media.kind} {name} {what}" if media.written else f"the path of the {media.kind} is empty",
                _help(media, case.settings),
                turn=media.turn,
                media_index=media.index,
                evidence={"path": clip(media.written, 200)}
                | ({"elsewhere": clip(media.elsewhere, 200)} if media.elsewhere is not None else {})
                | ({"missing_folder": clip(folder, 200), "kind": media.kind} if folder is not None else {}),
            )


def _help(media: MediaFacts, settings: Settings) -> str:
    root = settings.resolved_media_dir
    if media.elsewhere is not None:
        written_otherwise = media.elsewhere in spellings(media.written)
        mends = "; `mmvalidate export --fix` does this" if written_otherwise else " or rename the file"
        return f"Write the path exactly as the file is named{mends}."
    where = f"paths are relative to `{root}`, the trainer's media_dir (--media-dir)."
    if media.no_folder is not None and media.written.startswith("/"):
        return f"Put the folder there, or make the paths relative to the media folder (--media-dir, now `{root}`)."
    if media.no_folder is not None:
        return f"Put the folder there, pass the right --media-dir, or correct the paths: {where}"
    return f"Put it there or correct the path: {where}"


RULE = check

"""The trainer unpacks this file once and keeps reading the old rows after the file changes.

## What it finds
Data files that the loader unpacks: gzip, bzip2, xz, zstd, lz4, zip and tar by their content, whatever they are called.
Their rows are checked like those of other files.

## Why it matters
While the file stays the same, nothing is wrong. The loader caches the unpacked file under its path and does not check
whether the original has changed: training then silently reads the old rows. Where files are streamed (LLaMA-Factory
0.9.1 and 0.9.2 with `streaming: true`) it unpacks nothing, and the run stops at the first byte.

## Example
```json
{"screens": {"file_name": "screens.json"}}
```
where `screens.json` is actually `screens.json.gz`.

## What to do
Unpack the file. Or give it another name with every change, or empty `downloads/extracted` in the trainer's cache
(`cache_dir`, by default `~/.cache/huggingface/datasets`).
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report each packed file once."""
    packings = {file.packed.file: file.packed.packing for file in entry.files if file.packed is not None}
    for name, packing in packings.items():
        yield Hit(
            f"`{name}` is packed ({packing}): the trainer unpacks it once and reads the old rows after a change",
            "Unpack it, or give it another name when it changes.",
            file=name,
            evidence={"packing": packing},
        )


RULE = corpus_rule("DI020", "packed-file-kept", "info", CorpusCheck(finish), trainers=every)

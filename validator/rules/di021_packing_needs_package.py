"""The trainer can unpack this file only with a package that it does not install.

## What it finds
Data files that are packed with zstd or lz4, by their content, whatever they are called. Their rows are checked as the
trainer reads them where the package is installed.

## Why it matters
Without it the run stops before the first row: `ImportError: Please pip install zstandard` (lz4: `lz4`). Neither
LLaMA-Factory nor `datasets` installs them.

## Example
```json
{"screens": {"file_name": "screens.json"}}
```
where `screens.json` is actually `screens.json.zst`.

## What to do
Install the package where training runs, or pack the file with gzip, or unpack it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.catalog.packing import NEEDS
from validator.rules.base import CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.scope import every


def finish(_: None, entry: EntryFacts) -> Iterator[Hit]:
    """Report each file whose packing needs a package."""
    for file in entry.files:
        if file.packed is not None and (package := NEEDS.get(file.packed.packing)):
            yield Hit(
                f"`{file.name}` is packed with {file.packed.packing}, which the trainer unpacks only where the package "
                f"`{package}` is installed: ImportError: Please pip install {package}",
                f"Install `{package}` where training runs, or pack the file with gzip.",
                file=file.name,
                evidence={"package": package},
            )


RULE = corpus_rule("DI021", "packing-needs-package", "warning", CorpusCheck(finish), trainers=every)

"""`mmvalidate clean`: remove what is kept between runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import typer

from validator.findings import printable


def clean(
    folders: list[Path] = typer.Argument(None, help="Run folders. Default: all in .mmvalidate.", show_default=False),
    everything: bool = typer.Option(False, "--all", help="The results too, not only the cache."),
) -> None:
    """Remove what is kept between runs; results stay, unless --all is given."""
    chosen = folders or sorted(path for path in Path(".mmvalidate").glob("*") if path.is_dir())
    for folder in chosen:
        if not (folder / "cache").is_dir():
            print(f"{printable(str(folder))}: no folder of a run, left alone")
            continue
        size = sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file())
        shutil.rmtree(folder if everything else folder / "cache")
        print(f"{printable(str(folder))}: {size / 1e6:,.1f} MB of cache removed")

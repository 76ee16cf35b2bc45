"""Writes validator/assets/deepspeed.json: what each release of DeepSpeed takes as a configuration.

    PYTHON scripts/make_deepspeed_schema.py FOLDER [FILE]

FOLDER holds the unpacked source distributions of PyPI (`deepspeed-0.19.8/` ...); PYTHON is one that has torch and what
DeepSpeed imports. Each release is read by `deepspeed_release.py`, in a process of its own. What does not change between
releases is written once: every value stands with the release that brought it, null where that release dropped it.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILE = HERE.parent / "validator" / "assets" / "deepspeed.json"


def release(folder: Path) -> dict:
    """What one unpacked release says of itself."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, str(HERE / "deepspeed_release.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{folder}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def rows_of(found: dict) -> dict:
    """{(group, section, key): value} of one release."""
    found = {group: sections for group, sections in found.items() if group != "version"}
    return {
        (group, section, key): value
        for group, sections in found.items()
        for section, keys in sections.items()
        for key, value in keys.items()
    }


def histories(releases: list[dict]) -> dict:
    """{group: {section: {key: {release that brought the value: value}}}}; releases are in order."""
    table: dict = {}
    last: dict = {}
    for found in releases:
        rows = rows_of(found)
        for place in sorted({*rows, *last}):
            value = rows.get(place)
            if value != last.get(place):
                group, section, key = place
                table.setdefault(group, {}).setdefault(section, {}).setdefault(key, {})[found["version"]] = value
        last = rows
    return table


def order(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.name)]


if __name__ == "__main__":
    folders = sorted(Path(sys.argv[1]).glob("deepspeed-*"), key=order)
    with ThreadPoolExecutor(4) as pool:
        releases = list(pool.map(release, folders))
    versions = [found["version"] for found in releases]
    table = histories(releases)
    lines = [f'{{"versions": {json.dumps(versions)}']
    for group, sections in table.items():
        inner = [
            f"  {json.dumps(section)}: {{\n"
            + ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in keys.items())
            + "\n  }"
            for section, keys in sections.items()
        ]
        body = ",\n".join(inner)
        lines.append(f"{json.dumps(group)}: {{\n{body}\n}}")
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else FILE
    path.write_text(",\n".join(lines) + "}\n")
    print(f"{path}: {len(versions)} releases, {path.stat().st_size:,} bytes")

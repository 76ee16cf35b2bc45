"""Makes everything in the project that is generated, or says what of it is out of date.

    ./scripts/generate                  # what the program itself decides: half a minute
    ./scripts/generate --all            # what the trainer decides, too: half an hour, after ./scripts/oracle
    ./scripts/generate --check [--all]  # writes nothing; names each file that is out of date, and exits with 1

The golden outputs are written by the tests that compare them (`@pytest.mark.golden`), to which `--check` leaves them.
validator/assets/deepspeed.json and tests/trainers/golden_deepspeed.json.gz rest on releases of DeepSpeed: their makers
(scripts/make_deepspeed_schema.py, tests/trainers/test_deepspeed.py) say how they are called.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts import make_command_docs, make_rule_docs, make_sample_data, make_schemas, make_stage2_data

ROOT = Path(__file__).resolve().parents[1]
DRAWN = {".gif", ".jpg", ".mkv", ".mp4", ".png", ".tif", ".ts", ".wav", ".webp"}
"""Files that are compared by name alone: another release of an encoder writes other bytes."""


@dataclass(frozen=True, slots=True)
class Product:
    """A file or folder of the project, and what writes it to any place (the folder is there). `whole`: all that lies
    in the folder is made, so what is left over from before goes.
    """

    place: str
    write: Callable[[Path], object]
    command: str = "./scripts/generate"
    whole: bool = False


def sample_data(folder: Path) -> None:
    """The sample data with the origin case within."""
    make_sample_data.write(folder)
    (folder / "stage2").mkdir(exist_ok=True)
    make_stage2_data.write(folder / "stage2")


def script(python: str, *command: str) -> Callable[[Path], object]:
    """A maker that is a program of its own and takes the place as its last argument."""

    def write(place: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([str(ROOT / python), *command, str(place)], cwd=ROOT, env=environment, check=True)

    return write


OURS, ORACLE = ".venv/bin/python", ".oracle/venv/bin/python"
PRODUCTS = (
    Product("docs/commands", make_command_docs.write, whole=True),
    Product("docs/rules", make_rule_docs.write, whole=True),
    Product("schemas", make_schemas.write),
    Product("sample_data", sample_data, whole=True),
)
TRL = ".trainers/hf/bin/python"
AXOLOTL = ".trainers/axolotl/bin/python"
_TRL = "./scripts/trainers hf && ./scripts/generate --all"
_AXOLOTL = "./scripts/trainers axolotl && ./scripts/generate --all"
_ALL = "./scripts/oracle && ./scripts/generate --all"
OF_THE_TRAINER = (
    Product("validator/assets/templates.json", script(ORACLE, "-m", "scripts.make_templates"), _ALL),
    Product("validator/assets/training_arguments.json", script(ORACLE, "-m", "scripts.make_training_arguments"), _ALL),
    Product("validator/assets/trl_arguments.json", script(TRL, "-m", "scripts.make_trl_arguments"), _TRL),
    Product(
        "validator/assets/axolotl_arguments.json", script(AXOLOTL, "-m", "scripts.make_axolotl_arguments"), _AXOLOTL
    ),
    Product("tests/oracle/golden", script(OURS, "-m", "scripts.make_oracle_golden"), _ALL),
    Product("validator/assets/training_values.json", script(OURS, "-m", "scripts.make_training_values", "--to"), _ALL),
)


@contextmanager
def _made(product: Product, root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """The product in a scratch place, and what lies in its real place that nothing makes."""
    known = root / product.place
    with TemporaryDirectory() as scratch:
        made = Path(scratch) / known.name
        if known.is_dir():
            made.mkdir()
        product.write(made)
        yield made, [path for path in _files(known) if product.whole and not (made / path.relative_to(known)).exists()]


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def outdated(product: Product, root: Path = ROOT) -> Iterator[str]:
    """A line for each file that is not as it would be made."""
    with _made(product, root) as (made, left_over):
        for path in _files(made):
            known = root / product.place / path.relative_to(made)
            if not known.is_file():
                yield f"{known.relative_to(root)} is missing: run {product.command}"
            elif path.suffix not in DRAWN and path.read_bytes() != known.read_bytes():
                yield f"{known.relative_to(root)} is out of date: run {product.command}"
        for path in left_over:
            yield f"{path.relative_to(root)} is left over, nothing makes it: run {product.command}"


def generate(product: Product, root: Path = ROOT) -> None:
    """Make one product in its place."""
    with _made(product, root) as (made, left_over):
        for path in _files(made):
            known = root / product.place / path.relative_to(made)
            known.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, known)
        for path in left_over:
            path.unlink()


def write_golden(marks: str) -> None:
    """Have the tests of some marks, which compare the program's output with a file, write that file."""
    environment = {**os.environ, "MMVALIDATE_GOLDEN": "write", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-m", marks, "tests/cli", "tests/report", "tests/goldens"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and say what is out of date")
    parser.add_argument("--all", action="store_true", help="what the trainer decides, too")
    given = parser.parse_args()
    products = PRODUCTS + (OF_THE_TRAINER if given.all else ())
    if given.check:
        lines = [line for product in products for line in outdated(product)]
        print("\n".join(lines) or "All that is generated is up to date.")
        sys.exit(1 if lines else 0)
    for product in products:
        generate(product)
        print(product.place)
    write_golden("golden" if given.all else "golden and not proof")


if __name__ == "__main__":
    main()

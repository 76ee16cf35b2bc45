"""Times and memory of the command, as ratios within one run (machines are noisy; ratios are not).

    .venv/bin/python -m scripts.bench [ROWS]

Against the trainer's own preprocessing of the same rows where its environment is there (./scripts/oracle), and against
an empty Python process for the start-up. Prints medians of whole processes.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.oracle.compare import ENVIRONMENT, ORACLE, ROOT

TRAINER = """
import sys; sys.path.insert(0, {oracle!r}); import lf_oracle, time
oracle = lf_oracle.build(dataset_dir={folder!r}, dataset="bench", vocab={vocabulary!r}, cutoff_len=8192,
                         image_max_pixels=1048576)
begin = time.monotonic(); oracle.full(); print("SECONDS", time.monotonic() - begin)
"""


def make(folder: Path, rows: int) -> Path:
    """Rows with one screenshot each, as JPEG (text over noise), and a few hundred words."""
    dice = random.Random(0)
    words = [line.split()[0] for line in (ROOT / "README.md").read_text().splitlines() if line.split()]
    shots = []
    for number in range(40):
        image = Image.effect_noise((270, 600), 60).resize((1080, 2400)).convert("RGB")
        image.save(folder / f"{number}.jpg", quality=85)
        shots.append(f"{number}.jpg")
    with (folder / "bench.jsonl").open("w") as file:
        for _ in range(rows):
            text = [" ".join(dice.choice(words) for _ in range(length)) for length in (80, 60)]
            messages = [{"role": "user", "content": "<image>" + text[0]}, {"role": "assistant", "content": text[1]}]
            file.write(json.dumps({"messages": messages, "images": [dice.choice(shots)]}) + "\n")
    columns = {"messages": "messages", "images": "images"}
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    entry = {"file_name": "bench.jsonl", "formatting": "sharegpt", "columns": columns, "tags": tags}
    (folder / "dataset_info.json").write_text(json.dumps({"bench": entry}))
    return folder / "dataset_info.json"


def median(command: list[str], cwd: Path, times: int = 5) -> float:
    seconds = []
    for _ in range(times):
        begin = time.monotonic()
        subprocess.run(command, cwd=cwd, capture_output=True, check=False)
        seconds.append(time.monotonic() - begin)
    return statistics.median(seconds)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    tool = [sys.executable, "-m", "validator.cli.main"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        registry = make(folder, rows)
        empty = median([sys.executable, "-c", "pass"], folder)
        usage = median([*tool, "--help"], folder)
        sample = median([*tool, str(ROOT / "sample_data" / "dataset_info.json"), "-q"], folder)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        few = folder / "few"
        few.mkdir()
        start = median([*tool, str(make(few, 1)), "-q"], folder)
        check = median([*tool, str(registry), "-q"], folder, 3)
        print(f"empty python        {empty:.2f} s")
        print(f"--help              {usage:.2f} s  {usage / empty:.0f} x empty python")
        print(f"sample_data         {sample:.2f} s  {sample / empty:.0f} x empty python, peak {peak:.0f} MiB")
        print(f"{rows} rows            {check:.2f} s, of which start-up {start:.2f} s")
        if not (ENVIRONMENT.exists() and ORACLE.exists()):
            print("the trainer's environment is not there: no ratio")
            return
        code = TRAINER.format(oracle=str(ORACLE), folder=scratch, vocabulary=str(ENVIRONMENT / "qwen.tiktoken"))
        environment = {**os.environ, "HF_HOME": scratch}
        python = str(ENVIRONMENT / "bin" / "python")
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment, check=True)
        trainer = float(done.stdout.split("SECONDS")[1])
        print(f"the trainer         {trainer:.2f} s: {trainer / (check - start):.1f} x as long for the same rows")


if __name__ == "__main__":
    main()

"""Runs inside the oracle's environment: asks the real trainer what it does with training files.

    ORACLE_PYTHON -m tests.oracle.judge_training < LINES

A line of input is {"text": the YAML file, "gpus": 1}; a line of output is {"outcome", "stage", "error", "message"}:
`trained` (the first optimizer step was taken), or `refused` at a stage: `read` (the YAML), `arguments`
(`get_train_args`), `data`, `model`, `training` (the trainer is made and takes its first step), `evaluation`.

Every file is asked in a process of its own, forked off one that has loaded the trainer, with a tiny Qwen2-VL at
`model`, a data set of 8 rows named `rows`, and an `output` of its own. What a CPU lacks is stood in for: BF16, TF32 and
the packages that the trainer asks for by name count as there.
"""

import gc
import io
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # a process with threads cannot be forked

from tests.oracle.environment.oracle import Oracle

PLACES = {  # the innermost of these functions on the stack says the stage
    "read_args": "read",
    "get_ray_args": "read",
    "get_train_args": "arguments",
    "load_tokenizer": "model",
    "get_template_and_fix_tokenizer": "data",
    "get_dataset": "data",
    "load_model": "model",
    "train": "training",
    "evaluate": "evaluation",
    "predict": "evaluation",
}
WARM = {
    "model_name_or_path": "model",
    "dataset": "rows",
    "dataset_dir": ".",
    "template": "qwen2_vl",
    "do_train": "true",
    "output_dir": "output",
    "report_to": "none",
}
LIMIT = 120
"""Seconds a file."""


def make_model(folder):
    """A Qwen2-VL of two layers over a vocabulary of 256 bytes and the special tokens."""
    oracle = Oracle(folder.parent, "rows")
    model = oracle.tiny_model()
    model.save_pretrained(folder)
    oracle.processor.save_pretrained(folder)
    oracle.tokenizer.save_pretrained(folder)


def make_data(folder):
    rows = [{"instruction": f"question {index}", "input": "", "output": "answer " * 6} for index in range(8)]
    pairs = [{**row, "chosen": "good", "rejected": "bad"} for row in rows]
    (folder / "rows.json").write_text(json.dumps(rows))
    (folder / "pairs.json").write_text(json.dumps(pairs))
    (folder / "dataset_info.json").write_text(
        json.dumps(
            {
                "rows": {"file_name": "rows.json"},
                "more": {"file_name": "rows.json"},
                "pairs": {
                    "file_name": "pairs.json",
                    "ranking": True,
                    "columns": {"prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected"},
                },
            }
        )
    )


def stand_in():
    """What a GPU machine with every package has. Imports the trainer."""
    import transformers.training_args
    from llamafactory.hparams import parser
    from transformers import TrainerCallback

    parser.check_version = lambda *_, **__: None
    parser.is_torch_bf16_gpu_available = lambda: True
    transformers.training_args.is_torch_bf16_gpu_available = lambda: True
    transformers.training_args.is_torch_tf32_available = lambda: True
    transformers.training_args.enable_tf32 = lambda *_: None
    import llamafactory.train.tuner as tuner
    from llamafactory.train.sft.trainer import CustomSeq2SeqTrainer

    CustomSeq2SeqTrainer.save_model = lambda *_, **__: None

    class OneStep(TrainerCallback):
        taken = False

        def on_step_end(self, args, state, control, **kwargs):
            self.taken = True
            control.should_training_stop = True
            control.should_save = False
            return control

    return tuner, OneStep


def stage_of(trace):
    names = [frame.name for frame in traceback.extract_tb(trace)]
    return next((PLACES[name] for name in reversed(names) if name in PLACES), "training")


def answer(tuner, callback, question, folder):
    os.chdir(folder)
    for name in ("output", "saved"):
        shutil.rmtree(name, ignore_errors=True)
    file = folder / "train.yaml"
    file.write_text(question["text"])
    sys.argv = ["train", str(file)]
    step = callback()
    try:
        tuner.run_exp(callbacks=[step])
    except BaseException as error:  # whatever stops the trainer is its answer
        if isinstance(error, KeyboardInterrupt):
            raise
        return {
            "outcome": "refused",
            "stage": stage_of(error.__traceback__),
            "error": type(error).__name__,
            "message": str(error)[:300],
            "where": [f"{Path(f.filename).name}:{f.name}" for f in traceback.extract_tb(error.__traceback__)[-3:]],
        }
    if not step.taken:
        return {"outcome": "refused", "stage": "training", "error": "", "message": "nothing is trained"}
    return {"outcome": "trained"}


def warm_up(tuner, callback, folder):
    """Train once, for all that is loaded late, and forget what accelerate keeps of it."""
    from accelerate.state import AcceleratorState, GradientState, PartialState

    text = "".join(f"{key}: {value}\n" for key, value in WARM.items())
    assert answer(tuner, callback, {"text": text}, folder) == {"outcome": "trained"}
    AcceleratorState._reset_state()
    PartialState._reset_state()
    GradientState._reset_state()
    gc.collect()
    gc.freeze()


def main():
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr = io.StringIO()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_data(folder)
        make_model(folder / "model")
        tuner, callback = stand_in()
        warm_up(tuner, callback, folder)
        for line in sys.stdin:
            read, write = os.pipe()
            child = os.fork()
            if not child:
                os.setpgid(0, 0)
                os.close(read)
                signal.alarm(LIMIT)
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, 0)  # `accelerator_config: false` reads what stands at 0
                os.dup2(nowhere, 1)
                with os.fdopen(write, "w") as out:
                    json.dump(answer(tuner, callback, json.loads(line), folder), out)
                    out.flush()
                os._exit(0)
            os.close(write)
            os.waitpid(child, 0)
            with suppress(ProcessLookupError):  # workers that it left behind hold the pipe
                os.killpg(child, signal.SIGKILL)
            with os.fdopen(read) as back:
                text = back.read()
            answers.write(
                (text or json.dumps({"outcome": "refused", "stage": "ended", "error": "", "message": ""})) + "\n"
            )
            answers.flush()


if __name__ == "__main__":
    main()

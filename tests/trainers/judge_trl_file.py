"""Runs inside the environment with TRL: what `trl sft --config` makes of training files.

    PYTHON -m tests.trainers.judge_trl_file VOCABULARY INPUT_JSON

Each text is put to TRL's parser, what that leaves over to accelerate's launcher, and the rest to TRL's own script, up
to the trainer, which is given a small model. The rows that the script loads are given to the trainer's collator.
"""

import contextlib
import io
import json
import pathlib
import sys

from tests.trainers.judge_trl import answers_of, small_model
from tests.trainers.judged_rows import PADS, processor_of

# isort: split
import trl
from accelerate.commands.launch import launch_command_parser
from trl.scripts import sft

from tests.oracle.environment.tokenizer import make_tokenizer

SETTINGS = {"image_min_pixels": 3136, "image_max_pixels": 12845056}
CPU = "use_cpu: true\nbf16: false\nreport_to: none\n"


class LoadedError(Exception):
    """The script has come to the trainer."""


def stopped(make):
    """What is made, or what it stops with."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return make()
    except SystemExit:
        return {"stops": said.getvalue().rpartition("error: ")[2].strip()}
    except LoadedError:
        raise
    except Exception as error:
        return {"stops": f"{type(error).__name__}: {error}"}


def parsed(text):
    path = pathlib.Path("sft.yaml")
    path.write_text(text + CPU)
    parser = sft.make_parser(prog="trl sft")
    return parser.parse_args_and_config(
        ["--config", str(path)], return_remaining_strings=True, separate_remaining_strings=True
    )


def asked(text, whole, processor, pads):
    read = stopped(lambda: parsed(text))
    if isinstance(read, dict):
        return {"parser": read["stops"]}
    *arguments, left, _ = read
    answer = {"parser": None, "values": {key: value for part in arguments[:3] for key, value in vars(part).items()}}
    answer["values"] = {key: value for key, value in answer["values"].items() if json_able(value)}
    if left:
        answer["left"] = left
        launched = stopped(lambda: launch_command_parser().parse_args([*left, "sft.py"]).training_script)
        answer["launcher"] = launched["stops"] if isinstance(launched, dict) else launched
    return answer | (loaded(arguments, processor, pads) if whole else {})


def json_able(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def loaded(arguments, processor, pads):
    """The rows that the script comes to the trainer with, what the trainer says, and what it makes of the rows."""
    kept = {}

    def trainer(*, train_dataset, args, **_):
        kept.update(rows=train_dataset, args=args)
        raise LoadedError

    real, trl.SFTTrainer = trl.SFTTrainer, trainer
    try:
        done = stopped(lambda: sft.main(*arguments))
    except LoadedError:
        done = None
    finally:
        trl.SFTTrainer = real
    if done is not None:
        return {"script": done["stops"]}
    args, rows = kept["args"], kept["rows"]
    begun = stopped(lambda: real(small_model(), args, train_dataset=rows, processing_class=processor))
    answer = {"script": None, "columns": rows.column_names, "trainer": begun["stops"] if type(begun) is dict else None}
    if answer["trainer"] is None:
        names = ("completion_only_loss", "assistant_only_loss")
        settings = {"cutoff_len": args.max_length} | {name: getattr(args, name) for name in names}
        answer["rows"] = answers_of(rows, settings, "qwen2-vl", processor, pads)
    return answer


def main(vocabulary, input_file):
    given = json.loads(pathlib.Path(input_file).read_text(encoding="utf-8"))
    tokenizer = make_tokenizer(vocabulary, ())
    pads = tokenizer.convert_tokens_to_ids(PADS)
    answers = {
        text: asked(text, given["whole"], processor_of("qwen2-vl", tokenizer, SETTINGS), pads)
        for text in given["texts"]
    }
    print("ANSWERS " + json.dumps(answers), file=sys.__stdout__)


if __name__ == "__main__":
    main(*sys.argv[1:])

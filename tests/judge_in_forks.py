"""Runs inside a trainer's environment: imports a judge once, which takes long, and answers each question in a fork.

    PYTHON -m tests.judge_in_forks JUDGE < QUESTIONS > EXIT_CODES

A question is a line of JSON: {"arguments", "cwd", "folder"}. What the judge prints goes to `stdout` and `stderr` in the
folder, which is the cache of its data sets too. What a judge changes in its process ends with the fork.
"""

import importlib
import json
import os
import sys
import traceback
from pathlib import Path

import datasets


def main(name):
    judge = importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(answer(judge, **json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def answer(judge, arguments, cwd, folder):
    for descriptor, file in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(Path(folder, file), os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(cwd)
    datasets.config.HF_DATASETS_CACHE = Path(folder)
    try:
        judge.main(*arguments)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])

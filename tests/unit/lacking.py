"""python -m tests.unit.lacking SYSTEM COMMANDS: commands, a JSON list of lists, without what Python lacks there.

What is imported before is Linux's own: the libraries could not run otherwise. Child processes are Linux's, too.
"""

import builtins
import importlib
import json
import os
import signal
import sys
import sysconfig

BEFORE = (
    *("multiprocessing.connection", "multiprocessing.popen_spawn_posix", "av", "datasets", "psutil", "pyarrow.parquet"),
    *("rich.console", "tokenizers", "typer"),
)

LACKING = {
    "darwin": {os: ("sched_getaffinity",)},
    "win32": {
        os: (
            *("O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY", "fork", "getuid", "killpg", "mkfifo", "pread"),
            *("preadv", "pwrite", "register_at_fork", "sched_getaffinity", "set_blocking", "setsid", "statvfs"),
        ),
        signal: ("SIGALRM", "SIGHUP", "SIGUSR1", "alarm", "setitimer"),
    },
}
MODULES = {"darwin": (), "win32": ("fcntl", "grp", "pwd", "resource", "termios")}


def pretend(system):
    """Make this process lack what Python on `system` lacks, for the modules that are imported from now on."""
    sysconfig.get_config_vars()
    for name in BEFORE:
        importlib.import_module(name)
    for module, names in LACKING[system].items():
        for name in names:
            delattr(module, name)
    sys.modules.update(dict.fromkeys(MODULES[system]))
    really = builtins.open

    def opened(file, *arguments, **options):
        ours = "validator" in sys._getframe(1).f_code.co_filename
        if ours and str(file).startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(file))
        return really(file, *arguments, **options)

    builtins.open = opened
    sys.platform = system


def run(arguments):
    """The command in this process; returns its exit code."""
    from validator.cli.main import main

    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        return end.code


if __name__ == "__main__":
    pretend(sys.argv[1])
    codes = [run(arguments) for arguments in json.loads(sys.argv[2])]
    print("EXIT CODES", json.dumps(codes))

"""Real faults in a real worker process: a sitecustomize.py that acts when the worker opens a file of a certain name.

The process kills itself, crashes natively or runs out of memory at that point; or attention is broken from the start.
"""

import os

CODE = """
import sys
if "validator.replaying.worker" in " ".join(sys.orig_argv):
    import os, signal

    def act(event, arguments):
        if event != "open" or not isinstance(arguments[0], str):
            return
        name = os.path.basename(arguments[0])
        if not name.endswith(".png"):
            return
        if name.startswith("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("crashed"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if name.startswith("memory"):
            raise MemoryError("no room")
        if name.startswith("once") and not os.path.exists(arguments[0] + ".seen"):
            os.mkdir(arguments[0] + ".seen")
            os.kill(os.getpid(), signal.SIGSEGV)

    sys.addaudithook(act)
    if os.environ.get("SABOTAGED_ATTENTION"):
        import torch

        attention = torch.nn.functional.scaled_dot_product_attention

        def broken(*arguments, **options):
            return attention(*arguments, **options) * float("nan")

        torch.nn.functional.scaled_dot_product_attention = broken
"""


def install(folder, environment, **settings):
    """Write the module and put it before the worker's path."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(CODE)
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))))
    for name, value in settings.items():
        environment.setenv(name, value)

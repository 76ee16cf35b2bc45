"""Runs a program in this environment, with what stands in for a GPU machine's packages.

PYTHON -m tests.oracle.environment.with_stand_ins PROGRAM [ARGUMENT]...
"""

import runpy
import sys

from tests.oracle.environment import stand_ins

if __name__ == "__main__":
    stand_ins.put_in_place()
    sys.argv[:] = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")

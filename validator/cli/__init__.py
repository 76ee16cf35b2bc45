"""The command line: parses, calls the library, reports."""

import gc
import os

gc.set_threshold(100_000, 20, 20)  # what is imported stays: to walk over it again and again takes a tenth of a start
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else pydantic reads every installed package's metadata

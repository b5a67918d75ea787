"""The command line: `hardlab`. Each file holds the commands of one subject."""

import os

# What numpy solves here is tiny: threads for it cost more than they bring. It asks once, when
# it is loaded, so this stands before everything that loads it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from controller.cli.app import main

__all__ = ["main"]

"""A command line as another user of this machine: `python -m tests.fakes.machine_user 61001 services.… arguments`.

Only root may be somebody else, so the process is told that it is.
"""

from __future__ import annotations

import os
import runpy
import sys

if __name__ == "__main__":
    uid, module = int(sys.argv[1]), sys.argv[2]
    os.getuid = lambda: uid
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)

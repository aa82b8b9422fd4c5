"""The value of an environment variable, which may be kept in a file.

Instead of NAME there may be NAME_FILE, a file that holds the value: what is in the environment is seen by everybody
who may inspect the process or its container.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def text_of(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The value, without the file's last line end; empty when there is none. Raises OSError for an unreadable file."""
    file = environ.get(f"{name}_FILE", "")
    return Path(file).read_text("utf-8").rstrip("\n") if file else environ.get(name, "")

"""Keys for blind indexes; they protect nothing."""

from __future__ import annotations

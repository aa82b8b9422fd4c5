"""The gateway's style sheets and scripts, and how its answers are compressed."""

from __future__ import annotations

from pathlib import Path

from kit.assets import Assets, compressed

__all__ = ["asset_url", "compressed", "serve_asset"]

_ASSETS = Assets(Path(__file__).parent / "static")
asset_url, serve_asset = _ASSETS.url, _ASSETS.serve

"""The gateway's style sheets and scripts."""

from __future__ import annotations

from pathlib import Path

from kit.assets import Assets

_ASSETS = Assets(Path(__file__).parent / "static")
asset_url, serve_asset = _ASSETS.url, _ASSETS.serve

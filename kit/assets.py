"""What travels to a browser: static files, read once, under URLs that carry a hash of their content, so that they
may be kept for ever; and answers compressed."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

_YEAR = 31_536_000


@dataclass(frozen=True)
class _Asset:
    body: bytes
    gzipped: bytes
    content_type: str
    digest: str


def _read(path: Path) -> _Asset:
    body = path.read_bytes()
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return _Asset(body, gzip.compress(body, 9, mtime=0), content_type, hashlib.sha256(body).hexdigest()[:12])


class Assets:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._assets = {
            str(path.relative_to(folder)): _read(path) for path in sorted(folder.rglob("*")) if path.is_file()
        }

    def url(self, name: str) -> str:
        """The fingerprinted URL of a file."""
        return f"/static/{self._assets[name].digest}/{name}"

    def serve(self, request: Request, digest: str, name: str) -> Response:
        """A file; immutable when the URL names what we have, else (another release is running beside us) not kept."""
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound
        response = compressed(request, Response(asset.body, content_type=asset.content_type), asset.gzipped)
        current = digest == asset.digest
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if current else "no-store"
        return response


def compressed(request: Request, response: Response, gzipped: bytes | None = None) -> Response:
    """The same answer as the browser takes it; `gzipped` where its body is already at hand that way."""
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings["gzip"]:
        response.data = gzipped or gzip.compress(response.data, 6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response

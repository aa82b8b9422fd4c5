"""Fetches a photo from the gateway that holds it in memory (docs/adr/0021)."""

from __future__ import annotations

import requests

from contract.ocr import MAX_PHOTO, ImageTooLarge, PhotoGone

_SECONDS = 5
_CHUNK = 1 << 16


class HeldPhotos:
    """Photos by the address a request names: single use, so a second look finds nothing."""

    def fetch(self, url: str) -> bytes:
        """The photo. Raises PhotoGone or ImageTooLarge."""
        session = requests.Session()
        session.trust_env = False  # the inner network has no proxy
        try:
            with session, session.get(url, timeout=_SECONDS, stream=True, allow_redirects=False) as response:
                if response.status_code != requests.codes.ok:
                    raise PhotoGone
                photo = bytearray()
                for part in response.iter_content(_CHUNK):
                    photo += part
                    if len(photo) > MAX_PHOTO:
                        raise ImageTooLarge
                return bytes(photo)
        except requests.RequestException:
            raise PhotoGone from None

"""HTTP to a provider, and the one difference that matters: did it reach the provider or not."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from kit import tracing
from services.notify.adapters.base import Ambiguous

TIMEOUT = (1.5, 2.5)
"""Seconds to connect and to wait for the answer."""


class NotSent(Exception):
    """The request never reached the provider, or was turned away whole."""


class Wire:
    """Connections to one provider, kept open."""

    def __init__(self, name: str, connections: int = 32) -> None:
        self._name = name
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor .netrc of the machine
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def ask(self, method: str, url: str, **request: Any) -> Any:
        """The answer's JSON. Raises NotSent, or Ambiguous when the provider may have done it."""
        try:
            with tracing.asking(self._name):
                answer = self._session.request(method, url, timeout=TIMEOUT, allow_redirects=False, **request)
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise NotSent(type(error).__name__) from None
        except requests.ConnectionError as error:
            raise (NotSent if _refused(error) else Ambiguous)(type(error).__name__) from None
        except requests.RequestException as error:
            raise Ambiguous(type(error).__name__) from None
        if answer.status_code >= 500:
            raise Ambiguous(f"HTTP {answer.status_code}")
        try:
            content = answer.json()
        except ValueError:
            content = None
        # Some say what is wrong with HTTP 400 and a body; a body they would not give for another's page.
        if answer.status_code != requests.codes.ok and not (answer.status_code == 400 and content):
            raise NotSent(f"HTTP {answer.status_code}")
        if content is None:
            raise Ambiguous("not an answer of the provider")
        return content


def _refused(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)

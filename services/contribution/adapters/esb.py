"""The tax core behind the integration platform's ESB: one SOAP operation that carries XML as text (protocols.md §3).

What comes back is not trusted: its size is bounded, a document type, an entity or an external reference is refused,
and whatever cannot be read is UpstreamUnavailable. Nothing of a request or an answer is logged but the operation and
the code.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import requests
from defusedxml import ElementTree
from requests.adapters import HTTPAdapter

from contract.upstream import UpstreamUnavailable
from kit.clock import Clock, china
from kit.upstream import Upstream
from services.contribution.adapters.taxcore_wire import Wire

MAX_ANSWER = 2 * 1024 * 1024
"""Bytes; a person's records of forty years are below 50 KiB."""
_MAX_MESSAGE = 200
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SPEC = "http://www.chinatax.gov.cn/spec/"
_DATASPEC = "http://www.chinatax.gov.cn/dataspec/"
_OPERATION = "sendBaseXMLEsbWebService"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_log = logging.getLogger(__name__)


class CoreRefused(Exception):
    """The tax core understood and says no: `code` and `message` are its own; whoever asked knows what they mean."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"the tax core refused with code {code}")
        self.code, self.message = code, message


class _Nonsense(ValueError):
    """The answer is not what protocols.md §3 describes."""


@dataclass(frozen=True)
class _Reply:
    """The head of an answering envelope and its body, still text."""

    rtn_code: str
    code: str
    message: str
    body: str

    @property
    def success(self) -> bool:
        return (self.rtn_code, self.code) == ("0", "000")


class Esb:
    """Speaks to the integration platform, or to the sandbox: the wire is the same."""

    def __init__(
        self, url: str, timeout: float, clock: Clock, upstream: Upstream, wire: Wire, connections: int = 10
    ) -> None:
        self.wire = wire
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._upstream = upstream
        self._http = requests.Session()
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=connections))

    def ask(self, operation: str, fields: Mapping[str, str]) -> Element:
        """The taxML that answers an operation, named as in the wire's `operations`.

        Raises CoreRefused when the core says no, UpstreamUnavailable when there is no usable answer: then nobody
        knows whether it was done.
        """
        with self._upstream.call(operation):
            reply, tax_ml = self._answer(operation, fields)
        if tax_ml is None:
            _log.info("tax core refused", extra={"operation": operation, "code": reply.code[:20]})
            raise CoreRefused(reply.code, reply.message)
        return tax_ml

    def _answer(self, operation: str, fields: Mapping[str, str]) -> tuple[_Reply, Element | None]:
        try:
            reply = _read_reply(self._post(self._request(operation, fields)))
            return reply, _read_body(reply.body) if reply.success else None
        except (requests.RequestException, _Nonsense) as error:
            _log.warning(
                "tax core gave no answer", extra={"operation": operation, "error": type(error).__name__}
            )
            raise UpstreamUnavailable() from None

    def _request(self, operation: str, fields: Mapping[str, str]) -> bytes:
        transaction, about = getattr(self.wire.operations, operation), self.wire.envelope
        now = china(self._clock.now())
        head = {
            "tran_id": transaction, "channel_id": about.channel, "tran_seq": uuid.uuid4().hex,
            "tran_date": f"{now:%Y%m%d}", "tran_time": f"{now:%H%M%S}{now.microsecond // 1000:03d}",
        }  # fmt: skip
        tax_ml = (
            f'<taxML xmlns="{_DATASPEC}" xmlbh="{escape(transaction)}" bbh="{escape(about.version)}">'
            f"{_elements(fields)}</taxML>"
        )
        # Escaped text holds no ">", and so nothing that ends the CDATA section.
        envelope = f'<service xmlns="{_SPEC}"><head>{_elements(head)}</head><body><![CDATA[{tax_ml}]]></body></service>'
        soap = (
            f'<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="{_SOAP}"><S:Body>'
            f'<n:{_OPERATION} xmlns:n="{escape(about.operation_namespace)}"><arg0>{escape(envelope)}</arg0>'
            f"</n:{_OPERATION}></S:Body></S:Envelope>"
        )
        return soap.encode()

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        answer = self._http.post(
            self._url,
            data=body,
            headers=headers,
            timeout=(3, self._timeout),
            stream=True,
            allow_redirects=False,
        )
        with answer:
            if answer.status_code != requests.codes.ok:
                raise _Nonsense(f"status {answer.status_code}")
            content = bytearray()
            for piece in answer.iter_content(64 * 1024):
                content += piece
                if len(content) > MAX_ANSWER:
                    raise _Nonsense("too long")
        return bytes(content)


def find_text(element: Element, name: str) -> str:
    """The text of the first descendant of that name, whatever its namespace; empty when there is none."""
    return next((found.text or "" for found in find_all(element, name)), "").strip()


def find_all(element: Element, name: str) -> Iterator[Element]:
    """Every descendant of that name: a single item and a list look alike."""
    return (node for node in element.iter() if _local(node) == name)


def _read_reply(content: bytes) -> _Reply:
    soap = _parse(content)
    answered = next(find_all(soap, f"{_OPERATION}Response"), None)
    if answered is None:
        raise _Nonsense("no answer of the operation")
    service = _parse("".join(answered.itertext()).strip())
    head = next(find_all(service, "head"), None)
    if _local(service) != "service" or head is None or not find_text(head, "rtn_code"):
        raise _Nonsense("no head")
    message = find_text(head, "Message") or find_text(head, "Reason")
    return _Reply(
        find_text(head, "rtn_code"),
        find_text(head, "Code"),
        message[:_MAX_MESSAGE],
        find_text(service, "body"),
    )


def _read_body(text: str) -> Element:
    tax_ml = _parse(text)
    if _local(tax_ml) != "taxML":
        raise _Nonsense("no taxML")
    return tax_ml


def _parse(document: bytes | str) -> Element:
    try:
        root: Element = ElementTree.fromstring(document, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:  # what defusedxml forbids is a ValueError
        raise _Nonsense(type(error).__name__) from None
    return root


def _local(element: Element) -> str:
    """A tag without its namespace. Comments and processing instructions never get into a tree."""
    return element.tag.rpartition("}")[2]


def _elements(fields: Mapping[str, str]) -> str:
    """What XML cannot hold belongs to nobody's name: it is asked for as U+FFFD, and not found."""
    return "".join(f"<{name}>{escape(_NO_XML.sub('�', value))}</{name}>" for name, value in fields.items())

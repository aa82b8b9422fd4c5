"""A collector for one test: `python -m tests.integration.spans PORT FILE` takes OTLP/HTTP and writes a line per span.

A process of its own: in a test's, which eventlet has patched, such a server can hang.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it arrived; `parent` is empty for the root of a trace."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]


def read(path: Path) -> list[Seen]:
    """What has arrived so far."""
    return [Seen(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def _spans(body: bytes) -> list[Seen]:
    found = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _texts(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            found += [
                Seen(
                    service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),
                    _texts(span.attributes),
                )
                for span in scope.spans
            ]  # fmt: skip
    return found


def _texts(attributes: Any) -> dict[str, str]:
    return {one.key: str(one.value.string_value) for one in attributes}


def main(port: int, path: Path) -> None:
    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with path.open("a") as lines:
                lines.writelines(json.dumps(asdict(span)) + "\n" for span in _spans(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    ThreadingHTTPServer(("127.0.0.1", port), Collector).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

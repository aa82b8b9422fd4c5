"""A worker process: reads cards one after the other, and nothing else. Started by services.ocr.workers.

It gets photos over a socket that it inherits and answers with text. It writes no file and no log; should it crash, it
leaves no core dump, which would hold a photo.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import socket
import sys
from typing import Any

import cv2

from contract import schema
from contract.errors import ContractError
from contract.ocr import CardSide
from services.ocr.adapters.base import Engine
from services.ocr.adapters.engines import make_engine
from services.ocr.domain.judgement import judge
from services.ocr.reading.images import decode
from services.ocr.reading.quality import measure
from services.ocr.wire import receive, send


def main() -> None:
    """`python -m services.ocr.worker DESCRIPTOR ENGINE THREADS`"""
    descriptor, name, threads = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(int(threads))
    with socket.socket(fileno=int(descriptor)) as parent:
        parent.setblocking(True)  # the service's green sockets are not
        engine = make_engine(name, int(threads))
        send(parent, b"{}")
        while (asked := receive(parent)) is not None:
            photo = receive(parent)
            if photo is None:
                return
            send(parent, json.dumps(answer(engine, json.loads(asked), photo), ensure_ascii=False).encode())


def answer(engine: Engine, asked: dict[str, Any], photo: bytes) -> dict[str, Any]:
    """The reading, or the error, of one photo. Nothing that a file does may end the process."""
    today = dt.date.fromisoformat(asked["today"])
    wanted = CardSide(asked["side"]) if asked["side"] else None
    try:
        pixels = decode(photo)
        found = engine.read(pixels, today)
        return {"reading": schema.dump(judge(found, measure(pixels, found), engine.name, today, wanted))}
    except ContractError as error:
        return {"error": error.code}
    except Exception:
        return {"error": ContractError.code}


if __name__ == "__main__":
    main()

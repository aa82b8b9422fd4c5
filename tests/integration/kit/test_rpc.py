"""RPC on RabbitMQ: deadlines, errors, the broker's death (design.md §6)."""

from __future__ import annotations

import concurrent.futures
import json
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.process import wait_until
from deploy.local.rabbitmq import RabbitMQ
from tests.integration.kit.bus import Bus
from tests.integration.kit.running import Probe, Proxy, eventually, probe


def _works(calling: Probe, method: str = "tell") -> bool:
    return "answer" in calling.call(method, {"wish": "echo"})[0]


@pytest.mark.parametrize("method", ["ask", "tell"])
def test_a_call_is_answered(calling: Probe, served: Probe, method: str) -> None:
    (outcome,) = calling.call(method, {"wish": "echo", "text": "您前面还有 3 人 𬭎"})
    assert outcome["answer"]["text"] == "您前面还有 3 人 𬭎"


@pytest.mark.parametrize("method", ["ask", "tell"])
def test_a_contract_error_arrives_as_what_it_was(calling: Probe, served: Probe, method: str) -> None:
    (outcome,) = calling.call(method, {"wish": "refuse"})
    assert outcome["error"] == {
        "kind": "FarTooFull", "code": "probe_full", "text": "还有 3 人在等。",
        "detail": {"waiting": [{"name": "韦**", "place": 1}]},
    }  # fmt: skip


@pytest.mark.parametrize("wish", ["crash", "nonsense"])
def test_what_went_wrong_inside_stays_inside(calling: Probe, served: Probe, wish: str) -> None:
    (outcome,) = calling.call("tell", {"wish": wish})
    assert outcome["error"]["code"] == "error"
    assert "internal" not in json.dumps(outcome)
    assert _works(calling), "the service lives on"
    eventually(lambda: "crashed" in served.log, True)  # but the operator can read what happened
    assert "45010319780612204X" not in served.log


def test_an_unknown_method_is_refused_at_once(calling: Probe, served: Probe) -> None:
    (outcome,) = calling.call("misspelt", {"wish": "echo"})
    assert outcome["error"]["kind"] == "Unavailable"
    assert outcome["seconds"] < 2


def test_a_command_nobody_serves_fails_at_once(calling: Probe) -> None:
    (outcome,) = calling.call("tell_nobody", {"wish": "echo"})
    assert outcome["error"]["kind"] == "Unavailable"
    assert outcome["seconds"] < 2


def test_a_read_nobody_serves_fails_at_its_deadline(calling: Probe) -> None:
    (outcome,) = calling.call("ask_nobody", {"wish": "echo"})
    assert outcome["error"]["kind"] == "DeadlineExceeded"
    assert 0.9 < outcome["seconds"] < 2.5


def test_a_caller_waits_no_longer_than_the_deadline(calling: Probe, served: Probe) -> None:
    (outcome,) = calling.call("ask", {"wish": "echo", "seconds": 4})
    assert outcome["error"]["kind"] == "DeadlineExceeded"
    assert outcome["error"]["detail"] == {"method": "identity.ask"}
    assert 1.9 < outcome["seconds"] < 3.5
    assert _works(calling), "the answer that comes too late disturbs nobody"


def test_a_request_past_its_deadline_is_never_done(calling: Probe, served: Probe) -> None:
    assert _works(calling)
    served.stop()
    (outcome,) = calling.call("ask", {"wish": "echo", "text": "too late"})
    assert outcome["error"]["kind"] == "DeadlineExceeded"
    served.start()
    assert _works(calling)
    assert "too late" not in _granted(served)


def test_a_hundred_calls_at_once_get_their_own_answers(calling: Probe, served: Probe) -> None:
    wishes = [{"wish": "echo", "text": str(number), "seconds": 0.05} for number in range(100)]
    outcomes = calling.call("ask", *wishes)
    assert [outcome.get("answer", outcome)["text"] for outcome in outcomes] == [str(n) for n in range(100)]


def test_the_correlation_id_crosses_from_http_to_the_other_service(calling: Probe, served: Probe) -> None:
    identifier = uuid.uuid4().hex
    (outcome,) = calling.call("ask", {"wish": "echo"}, **{"X-Request-Id": identifier})
    assert outcome["answer"]["correlation_id"] == identifier
    calling.call("tell", {"wish": "crash"}, **{"X-Request-Id": identifier})
    eventually(lambda: identifier in _crashes(served), True)  # it is answered before it is logged


def test_a_stopping_service_finishes_the_work_in_hand(calling: Probe, served: Probe) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(calling.call, "tell", {"wish": "echo", "text": "slow", "seconds": 2})
        assert wait_until(lambda: "slow" in _granted(served), 10)
        assert served.stop() == 0
        assert slow.result()[0]["answer"]["text"] == "slow"


def test_calls_work_again_after_the_broker_was_killed(
    calling: Probe, served: Probe, rabbitmq: RabbitMQ
) -> None:
    assert _works(calling)
    pids = calling.pid, served.pid
    rabbitmq.kill()
    (outcome,) = calling.call("tell", {"wish": "echo"})
    assert outcome["error"]["kind"] == "Unavailable", "nothing was done, and the caller is told so"
    assert outcome["seconds"] < 8
    rabbitmq.start()
    eventually(lambda: _works(calling, "tell") and _works(calling, "ask"), True, 40)
    assert (calling.pid, served.pid) == pids and calling.alive and served.alive


def test_work_in_hand_outlives_the_broker(calling: Probe, served: Probe, rabbitmq: RabbitMQ) -> None:
    """Workers whose connection died under them neither crash their service nor stop it from coming back."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        wishes = [{"wish": "echo", "text": f"held-{number}", "seconds": 3} for number in range(20)]
        pool.submit(calling.call, "tell", *wishes)
        assert wait_until(lambda: "held-19" in _granted(served), 10)
        rabbitmq.kill()
        time.sleep(4)
    rabbitmq.start()
    eventually(lambda: _works(calling), True, 40)
    assert served.alive and calling.alive


def test_a_broker_that_stands_still_stops_nobody_for_longer_than_its_timeout(
    calling: Probe, served: Probe, rabbitmq: RabbitMQ
) -> None:
    assert _works(calling)
    assert rabbitmq.identity is not None
    try:
        assert rabbitmq.identity.stand_still()
        (outcome,) = calling.call("tell", {"wish": "echo"})
    finally:
        rabbitmq.identity.signal(signal.SIGCONT)
    assert outcome["error"]["code"] in {"unavailable", "deadline_exceeded"}
    assert outcome["seconds"] < 8
    eventually(lambda: _works(calling), True, 60)


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[Proxy]:
    proxy = Proxy(rabbitmq.port)
    yield proxy
    proxy.close()


def test_a_confirm_that_never_comes_ends_the_connection_and_the_wait(
    served: Probe, rabbitmq: RabbitMQ, bus: Bus, proxy: Proxy, tmp_path: Path
) -> None:
    url = bus.url.replace(f":{rabbitmq.port}/", f":{proxy.port}/")
    with probe(("ocr",), {"AMQP_URI": url}, tmp_path) as calling:
        eventually(lambda: _works(calling), True)
        opened = proxy.connections
        proxy.swallow_newest()
        (outcome,) = calling.call("tell", {"wish": "echo", "text": "unheard"})
        assert outcome["error"]["code"] == "deadline_exceeded", (
            "the broker may have it: nobody may say it was not done"
        )
        assert 4.5 < outcome["seconds"] < 7
        assert _works(calling), "the next call has a connection of its own"
        assert proxy.connections == opened + 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"not json", {}), (b"\xff\xfe\x00", {}), (b"[]", {}), (b'{"kwargs": {"request": {"wish": 7}}}', {}),
        (b"[" * 100_000, {}), (b'{"kwargs": {"request": {"wish": "echo"}}}', {"nameko.expires_at": "whenever"}),
    ],
    ids=["text", "binary", "list", "shape", "deep", "header"],
)  # fmt: skip
def test_an_unfit_request_is_refused_and_the_service_lives(
    calling: Probe, served: Probe, bus: Bus, body: bytes, headers: dict[str, str]
) -> None:
    bus.request(body, headers)
    assert _works(calling)
    time.sleep(1)
    assert served.alive and _works(calling)


def _crashes(served: Probe) -> set[str]:
    """The correlation ids of what went wrong inside."""
    lines = (json.loads(line) for line in served.log.splitlines() if "crashed" in line)
    return {line.get("correlation_id", "") for line in lines}


def _granted(served: Probe) -> list[str]:
    path = served.scratch / "granted"
    return path.read_text().splitlines() if path.exists() else []

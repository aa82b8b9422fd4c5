"""Logs are JSON lines with a correlation id and without personal data (security.md 11)."""

from __future__ import annotations

import contextvars
import json
import logging
import sys
from pathlib import Path

import pytest

from contract.people import DocumentType, Person
from kit.telemetry import JsonFormatter, correlate, correlation_id, redact

NUMBER, PHONE = "45010319780612204X", "13800138000"


def _line(
    message: str, *args: object, extra: dict[str, object] | None = None, exc_info: object = None
) -> str:
    record = logging.LogRecord("payment", logging.WARNING, __file__, 1, message, args, exc_info)  # type: ignore[arg-type]
    vars(record).update(extra or {})
    return JsonFormatter().format(record)


@pytest.mark.parametrize(
    "text",
    [NUMBER, NUMBER.lower(), "450103197806122040", "6217003410000000051", "6217003410000051",
     PHONE, f"phone={PHONE},", f"+86{PHONE}", f"（{NUMBER}）",
     f'{{"zjhm":"{NUMBER}"}}', f"/orders?phone={PHONE}&x=1"],
)  # fmt: skip
def test_document_and_phone_numbers_are_blanked(text: str) -> None:
    blanked = redact(text)
    assert "[redacted]" in blanked
    assert NUMBER[:-1] not in blanked and PHONE not in blanked


@pytest.mark.parametrize(
    "text",
    ["order 3194202611230805091230000001", "5f1c2f0e-7d8a-4a54-9c1b-3f13800138aa", "38000", "12345678901",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
)  # fmt: skip
def test_other_numbers_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_a_line_is_one_json_object_with_its_extra_fields() -> None:
    line = _line("placed %s", "o-1", extra={"amount": 38000, "agency": "南宁市"})
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["level"] == "WARNING" and entry["logger"] == "payment"
    assert entry["message"] == "placed o-1"
    assert (entry["amount"], entry["agency"]) == (38000, "南宁市")
    assert entry["time"].endswith("+00:00")


def test_message_extra_and_traceback_are_all_redacted() -> None:
    try:
        raise ValueError(f"no such person {NUMBER}")
    except ValueError:
        line = _line("asked for %s", NUMBER, extra={"phone": PHONE}, exc_info=sys.exc_info())
    assert NUMBER not in line and PHONE not in line
    entry = json.loads(line)
    assert entry["phone"] == "[redacted]"
    assert "ValueError: no such person [redacted]" in entry["exception"]


def test_what_json_does_not_know_is_written_as_text() -> None:
    entry = json.loads(_line("x", extra={"at": Path("/run/offset"), "error": LookupError("nobody")}))
    assert (entry["at"], entry["error"]) == ("/run/offset", "nobody")


def _taken_over(identifier: str | None) -> str:
    def work() -> str:
        correlate(identifier)
        return correlation_id()

    return contextvars.copy_context().run(work)


@pytest.mark.parametrize("identifier", ["a" * 8, "0f" * 16, "A-b_9" * 12])
def test_a_correlation_id_that_came_with_the_work_is_kept(identifier: str) -> None:
    assert _taken_over(identifier) == identifier


@pytest.mark.parametrize(
    "identifier",
    [None, "", "short", "a" * 65, "no spaces please", "line\nbreak\n", "<script>alert(1)</script>", "关联编号关联编号",
     NUMBER, PHONE],
)  # fmt: skip
def test_anything_else_is_replaced(identifier: str | None) -> None:
    made = _taken_over(identifier)
    assert made != identifier
    assert len(made) == 32 and made.isalnum()


def test_a_line_carries_the_correlation_id_of_its_work() -> None:
    def work() -> str:
        correlate("0123456789abcdef")
        return _line("x")

    assert json.loads(contextvars.copy_context().run(work))["correlation_id"] == "0123456789abcdef"
    assert "correlation_id" not in json.loads(contextvars.Context().run(_line, "outside any work"))


def test_a_payload_is_logged_by_its_type_alone() -> None:
    """A name is in no pattern: whoever logs a person or a request logs nobody."""
    person = Person(DocumentType.RESIDENT_ID, NUMBER, "韦秀兰")
    line = _line("refused %s for %s", person, "o-1", extra={"asked": person, "all": [person]})
    assert "韦秀兰" not in line
    entry = json.loads(line)
    assert entry["message"] == "refused <Person> for o-1"
    assert (entry["asked"], entry["all"]) == ("<Person>", ["<Person>"])

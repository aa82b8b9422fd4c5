"""What travels beside a request (security.md 11)."""

from __future__ import annotations

from kit import telemetry, wire


def test_the_headers_of_a_call_carry_ids_and_an_address_and_nobody() -> None:
    """No payload ever gets into a header: only these names are written, whatever the work in hand knows."""
    assert set(wire.CARRIED.values()) == {"nameko.correlation_id", "nameko.origin", "nameko.traceparent"}
    telemetry.originate("韦秀兰 13800138000")
    telemetry.correlate("13800138000")
    carried = wire.carried()
    assert carried["nameko.origin"] == "", "an address is taken over, and nothing else"
    assert "13800138000" not in str(carried)

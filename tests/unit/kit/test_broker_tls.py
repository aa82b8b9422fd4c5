"""How the bus is opened over TLS: only a broker of the address's name is believed, and it is shown who calls."""

from __future__ import annotations

import ssl

from kit.broker import connect


def test_a_plain_address_is_opened_as_it_is() -> None:
    assert not connect("amqp://payment:secret@bus:5672/contribution").ssl


def test_a_tls_address_names_the_files() -> None:
    connection = connect(
        "amqps://payment:secret@bus:5671/contribution?cacertfile=/s/ca.crt&certfile=/s/payment.crt&keyfile=/s/payment.key"
    )
    assert connection.ssl == {
        "ca_certs": "/s/ca.crt", "certfile": "/s/payment.crt", "keyfile": "/s/payment.key",
        "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "bus",
    }  # fmt: skip
    assert (connection.hostname, connection.port, connection.virtual_host) == ("bus", 5671, "contribution")
    assert (connection.userid, connection.password) == ("payment", "secret")


def test_without_files_the_systems_authorities_are_asked() -> None:
    tls = connect("amqps://payment:secret@bus/contribution").ssl
    assert tls["cert_reqs"] == ssl.CERT_REQUIRED
    assert tls["ca_certs"] is None

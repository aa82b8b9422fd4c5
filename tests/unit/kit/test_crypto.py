"""SM3 and SM4 are the published ones, and what is sealed opens only unaltered, in its place, with its key."""

from __future__ import annotations

import secrets

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from kit import crypto
from kit.crypto import BadKeys, KeyRing, Unreadable, blind_index, hmac_sm3, index_key

FIRST, SECOND = secrets.token_bytes(16), secrets.token_bytes(16)
OLD, BOTH, NEW = KeyRing({1: FIRST}), KeyRing({1: FIRST, 2: SECOND}), KeyRing({2: SECOND})
NUMBER = "45010319780612204X"


def _sm3(message: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(message)
    return digest.finalize().hex()


def test_sm3_is_that_of_gb_t_32905() -> None:
    assert _sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert _sm3(b"abcd" * 16) == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm4_is_that_of_gb_t_32907() -> None:
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(algorithms.SM4(block), modes.ECB()).encryptor()  # the published example is one block
    assert encryptor.update(block).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    """RFC 8998, appendix A.1."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    context = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(context)
    assert encryptor.update(plain) + encryptor.finalize() + encryptor.tag == sealed


def test_hmac_sm3_follows_rfc_2104() -> None:
    """Computed a second time from its definition, H(K⊕opad ‖ H(K⊕ipad ‖ m))."""
    key, message = bytes(range(32)), b"message"
    padded = key.ljust(64, b"\0")
    inner = bytes.fromhex(_sm3(bytes(b ^ 0x36 for b in padded) + message))
    assert hmac_sm3(key, message).hex() == _sm3(bytes(b ^ 0x5C for b in padded) + inner)


@given(st.binary(max_size=500), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, context: str) -> None:
    assert BOTH.open(BOTH.seal(plaintext, context), context) == plaintext


def test_the_same_text_is_never_sealed_alike() -> None:
    assert BOTH.seal(b"380", "orders.name") != BOTH.seal(b"380", "orders.name")


def test_a_ciphertext_shows_its_key_version_and_adds_29_bytes() -> None:
    sealed = BOTH.seal(NUMBER.encode(), "orders.number")
    assert sealed[0] == 2
    assert len(sealed) == len(NUMBER) + 1 + 12 + 16
    assert NUMBER.encode() not in sealed


def test_old_versions_still_open_after_a_new_key_came() -> None:
    assert BOTH.open(OLD.seal(b"old", "c"), "c") == b"old"


def test_without_its_key_a_ciphertext_stays_closed() -> None:
    with pytest.raises(Unreadable):
        NEW.open(OLD.seal(b"old", "c"), "c")


def test_a_ciphertext_moved_to_another_column_stays_closed() -> None:
    with pytest.raises(Unreadable):
        BOTH.open(BOTH.seal(b"name", "orders.insured_name"), "orders.payer_name")


def test_one_changed_bit_anywhere_is_noticed() -> None:
    sealed = BOTH.seal(b"38000", "orders.amount")
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(Unreadable):
            BOTH.open(bytes(altered), "orders.amount")


@pytest.mark.parametrize("cut", [0, 1, 13, 28])
def test_a_cut_off_ciphertext_is_noticed(cut: int) -> None:
    with pytest.raises(Unreadable):
        BOTH.open(BOTH.seal(b"38000", "c")[:cut], "c")


def test_tokens_survive_a_url_and_open_to_the_text() -> None:
    token = BOTH.seal_text("缴费 380.00 元", "quote")
    assert token.isascii() and not set(token) & set("+/=&?# ")
    assert BOTH.open_text(token, "quote") == "缴费 380.00 元"


@pytest.mark.parametrize("token", ["", "a", "AAAA", "缴费", "A" * 200, "%%%"])
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(Unreadable):
        BOTH.open_text(token, "quote")


@pytest.mark.parametrize(
    "setting",
    ["", ",", "1", "1:", f"1:{'0' * 31}", f"x:{'0' * 32}", f"0:{'0' * 32}", f"256:{'0' * 32}", f"1:{'g' * 32}",
     f"1:{'0' * 32},1:{'1' * 32}"],
)  # fmt: skip
def test_malformed_key_settings_are_refused_without_being_repeated(setting: str) -> None:
    with pytest.raises(BadKeys) as refused:
        KeyRing.parse(setting)
    assert not setting.strip(",") or setting not in str(refused.value)


def test_a_key_setting_may_have_spaces_and_any_order() -> None:
    ring = KeyRing.parse(f" 2:{SECOND.hex()} , 1:{FIRST.hex()}")
    assert ring.seal(b"x", "c")[0] == 2
    assert ring.open(OLD.seal(b"x", "c"), "c") == b"x"


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_the_index_key_has_exactly_64_hex_digits(text: str) -> None:
    with pytest.raises(BadKeys):
        index_key(text)


def test_the_blind_index_finds_the_same_value_for_the_same_purpose_only() -> None:
    found = blind_index("insured", NUMBER)
    assert found == blind_index("insured", NUMBER)
    assert len(found) == 32
    assert found != blind_index("persons", NUMBER)
    assert found != blind_index("insured", NUMBER[:-1] + "1")


def test_purpose_and_value_cannot_be_shifted_into_each_other() -> None:
    assert blind_index("ab", "c") != blind_index("a", "bc")


def test_the_blind_index_depends_on_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = blind_index("insured", NUMBER)
    monkeypatch.setattr(crypto, "_index_key", lambda: b"\1" * 32)
    assert blind_index("insured", NUMBER) != before

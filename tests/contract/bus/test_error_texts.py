"""Every error that crosses the bus can be read by a resident and handled by a program (design.md §4)."""

from __future__ import annotations

import re

import pytest

from contract import catalogue, identity, payment
from contract.errors import ContractError

_ERRORS = {
    code: kind for code, kind in ContractError.known().items() if kind.__module__.startswith("contract.")
}
every_error = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=code) for code, kind in sorted(_ERRORS.items())]
)


@every_error
def test_an_error_has_a_chinese_text(kind: type[ContractError]) -> None:
    assert re.search(r"[一-鿿]", kind.text), f"{kind.__name__}: a resident reads Chinese"
    assert kind.text.rstrip().endswith(("。", "...", "）。")), f"{kind.__name__}: a whole sentence"
    assert not re.search(r"[A-Za-z]{3,}", kind.text), f"{kind.__name__}: no English in what a resident reads"


@every_error
def test_an_error_has_a_stable_code_and_an_http_status(kind: type[ContractError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert kind.status in {400, 404, 405, 408, 409, 413, 415, 422, 429, 503, 504}
    assert "code" in vars(kind), f"{kind.__name__} must not share its parent's code"


@every_error
def test_an_error_says_what_it_means(kind: type[ContractError]) -> None:
    assert kind.__doc__, f"{kind.__name__}: a docstring says when it is raised"


def test_codes_are_unique() -> None:
    def kinds(of: type[ContractError]) -> list[type[ContractError]]:
        return [found for kind in of.__subclasses__() for found in (kind, *kinds(kind))]

    ours = [kind for kind in kinds(ContractError) if kind.__module__.startswith("contract.")]
    assert len({kind.code for kind in ours}) == len(ours) == len(_ERRORS)


def test_a_method_declares_only_errors_of_the_contract() -> None:
    for method in catalogue.METHODS:
        for error in method.errors:
            assert error.code in ContractError.known(), f"{method.service}.{method.name}: {error.__name__}"


def test_an_error_before_the_payment_says_where_the_money_is() -> None:
    """A resident who is stopped on the way to paying must know that nothing was taken."""
    for kind in (payment.QuoteForged, payment.QuoteExpired, catalogue.contribution.UpstreamUnavailable):
        assert "没有扣款" in kind.text, kind.__name__
    assert "没有扣款" not in payment.CloseNotConfirmed.text, "there nobody knows yet"
    assert "12366" in ContractError.text, "who does not know further must learn whom to call"
    assert "身份证" in identity.InvalidIdNumber.text

"""What the pages of 三方协议 do between the person and contribution."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import agreement, rights
from contract.agreement import (
    AgreementOfPerson,
    AgreementState,
    AgreementView,
    Authority,
    PrepareAgreement,
    Prepared,
    SignAgreement,
)
from contract.contribution import UpstreamUnavailable
from contract.identity import ConsentMissing
from contract.rights import CONSENT_VERSIONS, ConsentGiven, ConsentKind, Consents
from contract.upstream import UpstreamBusy
from services.gateway.domain.agreements import draft_key
from services.gateway.usecases import agreements
from services.gateway.usecases.ports import Ports
from tests.fakes.gateway_peers import FakePeers
from tests.unit.gateway.conftest import NOW, PAYER, PERSON

VERSION = CONSENT_VERSIONS[ConsentKind.BANK_ACCOUNT]
GIVEN = ConsentGiven(ConsentKind.BANK_ACCOUNT, VERSION, "", NOW, None)
PREPARED = Prepared(
    "sealed", "中国建设银行", "**** 0051", "韦**", (Authority("1", "青秀中心", "450103"),), 900
)
VIEW = AgreementView(
    "a1", AgreementState.SIGNING, "中国建设银行", "**** 0051", "青秀中心", "1", NOW, None, None, ""
)
OWN = AgreementOfPerson("person-1", "a1")


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ((GIVEN,), True),
        ((), False),
        ((replace(GIVEN, version="2020-01"),), False),
        ((replace(GIVEN, withdrawn_at=NOW),), False),
        ((replace(GIVEN, kind=ConsentKind.PRIVACY),), False),
        ((replace(GIVEN, withdrawn_at=NOW), GIVEN), True),
    ],
)
def test_an_account_is_taken_only_while_the_present_consent_stands(
    ports: Ports, peers: FakePeers, given: tuple[ConsentGiven, ...], stands: bool
) -> None:
    peers.answer(rights.list_consents, Consents(given))
    peers.answer(agreement.prepare_agreement, PREPARED)
    peers.answer(agreement.sign_agreement, VIEW)
    assert agreements.has_consented("person-1", ports) is stands
    if stands:
        assert agreements.prepare_agreement(PAYER, "105", "6217", ports) == PREPARED
        assert agreements.sign_agreement(PAYER, "sealed", "1", "key", ports) == VIEW
        assert peers.asked["prepare_agreement"] == [PrepareAgreement("person-1", PERSON, "105", "6217")]
        assert peers.asked["sign_agreement"] == [SignAgreement("person-1", "sealed", "1", VERSION, "key")]
        return
    with pytest.raises(ConsentMissing):
        agreements.prepare_agreement(PAYER, "105", "6217", ports)
    with pytest.raises(ConsentMissing):
        agreements.sign_agreement(PAYER, "sealed", "1", "key", ports)
    assert not peers.asked["prepare_agreement"]
    assert not peers.asked["sign_agreement"]


@pytest.mark.parametrize("error", [UpstreamUnavailable(), UpstreamBusy()])
def test_while_the_core_cannot_be_asked_the_last_known_state_is_shown(
    ports: Ports, peers: FakePeers, error: Exception
) -> None:
    peers.answer(agreement.get_agreement, VIEW)
    peers.answer(agreement.check_agreement, error)
    assert agreements.follow_agreement(OWN, ports) == VIEW


@pytest.mark.parametrize("state", AgreementState)
def test_what_is_over_is_only_read(ports: Ports, peers: FakePeers, state: AgreementState) -> None:
    known, after = replace(VIEW, state=state), replace(VIEW, state=AgreementState.ACTIVE)
    peers.answer(agreement.get_agreement, known)
    peers.answer(agreement.check_agreement, after)
    over = state in (AgreementState.FAILED, AgreementState.ENDED)
    assert agreements.follow_agreement(OWN, ports) == (known if over else after)
    assert bool(peers.asked["check_agreement"]) is not over


def test_a_page_signs_its_draft_under_one_key() -> None:
    assert draft_key("sealed") == draft_key("sealed") != draft_key("sealed again")
    assert len(draft_key("sealed")) == 32

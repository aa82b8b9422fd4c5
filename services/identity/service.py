"""Entrypoints of the identity service."""

from __future__ import annotations

from typing import Any

from nameko.timer import timer

from contract import household as households
from contract import identity as contract
from contract import places as divisions
from contract import rights as data_rights
from contract.events import Envelope
from contract.household import (
    AddMember,
    CheckedPerson,
    CheckPerson,
    EditMember,
    Insured,
    ListInsured,
    ListMembers,
    Member,
    MemberOfOwner,
    MemberRemoved,
    Members,
    NameInsured,
    PickInsured,
    Picks,
    RelationRemoved,
    RemoveRelation,
)
from contract.identity import (
    CodeExpired,
    EndLogin,
    LoggedIn,
    LogIn,
    LoginCodeSent,
    LoginEnded,
    Recalled,
    RecallVisitor,
    RequestLoginCode,
    TooManyGuesses,
    WrongCode,
)
from contract.intrusion import CodesGuessed
from contract.payment import PaymentSucceeded
from contract.places import Divisions, ListDivisions
from contract.rights import (
    Account,
    ConsentNoted,
    Consents,
    Deletion,
    DeletionCancelled,
    GiveConsent,
    PersonExport,
    PersonNamed,
)
from kit.consumer import consume
from kit.intrusion import Watch
from kit.open_platform import OpenPlatformKey
from kit.parked import ParkedEntrypoints
from kit.relay import Relay
from kit.rpc import RpcCaller, rpc
from kit.service import Made
from services.identity.adapters.realname import HttpRealNames
from services.identity.config import Config
from services.identity.divisions import Gazetteer
from services.identity.storage.codes import CodeStorage
from services.identity.storage.consents import Consents as ConsentBook
from services.identity.storage.household import MemberStorage
from services.identity.storage.logins import LoginStorage
from services.identity.storage.relations import RelationStorage
from services.identity.storage.rights import AccountStorage
from services.identity.usecases import household, login, places, recall, relations, rights
from services.identity.usecases.login_wiring import LoginWiring
from services.identity.usecases.relations import is_of_relation
from services.identity.usecases.wiring import Wiring

_FORGET_EVERY = 600
_ERASE_EVERY = 300


def make_real_names(config: Config) -> HttpRealNames:
    """The adapter the settings ask for."""
    key = OpenPlatformKey(config.realname_app_id, config.realname_app_key)
    return HttpRealNames(config.realname_url, key, config.realname_timeout, config.clock)


class IdentityService(ParkedEntrypoints):
    """Logs people in, keeps whom they pay for, and forgets them when they ask for it."""

    name = "identity"

    peers = RpcCaller()
    outbox = Relay()
    guessers = Made(lambda settings: Watch(CodesGuessed.type))
    real_names = Made(make_real_names)
    codes = CodeStorage()
    logins = LoginStorage()
    accounts = AccountStorage()
    members = MemberStorage()
    relations = RelationStorage()
    consents = ConsentBook()
    gazetteer = Gazetteer()

    @rpc(contract.request_login_code)
    def request_login_code(self, request: RequestLoginCode) -> LoginCodeSent:
        return login.request_login_code(request, self._login_wiring())

    @rpc(contract.log_in)
    def log_in(self, request: LogIn) -> LoggedIn:
        try:
            return login.log_in(request, self._login_wiring())
        except (WrongCode, CodeExpired, TooManyGuesses):
            self._tell_of_guesser(request.client_ip)
            raise

    def _tell_of_guesser(self, address: str) -> None:
        now = self.clock.now()
        if burst := self.guessers.saw(address, now):
            with self.database.transaction() as tx:
                self.outbox.add(tx, CodesGuessed(*burst), burst.source, now)

    @rpc(contract.recall_visitor)
    def recall_visitor(self, request: RecallVisitor) -> Recalled:
        return recall.recall_visitor(request, self._login_wiring())

    @rpc(contract.end_login)
    def end_login(self, request: EndLogin) -> LoginEnded:
        return recall.end_login(request, self._login_wiring())

    @rpc(divisions.list_divisions)
    def list_divisions(self, request: ListDivisions) -> Divisions:
        return places.list_divisions(request, self.gazetteer)

    @rpc(households.add_member)
    def add_member(self, request: AddMember) -> Member:
        return household.add_member(request, self._wiring())

    @rpc(households.edit_member)
    def edit_member(self, request: EditMember) -> Member:
        return household.edit_member(request, self._wiring())

    @rpc(households.get_member)
    def get_member(self, request: MemberOfOwner) -> Member:
        return household.get_member(request, self._wiring())

    @rpc(households.remove_member)
    def remove_member(self, request: MemberOfOwner) -> MemberRemoved:
        return household.remove_member(request, self._wiring())

    @rpc(households.list_members)
    def list_members(self, request: ListMembers) -> Members:
        return household.list_members(request, self._wiring())

    @rpc(households.name_insured)
    def name_insured(self, request: NameInsured) -> Insured:
        return relations.name_insured(request, self._wiring())

    @rpc(households.check_person)
    def check_person(self, request: CheckPerson) -> CheckedPerson:
        return relations.check_person(request, self._wiring())

    @rpc(households.pick_insured)
    def pick_insured(self, request: PickInsured) -> Insured:
        return relations.pick_insured(request, self._wiring())

    @rpc(households.list_insured)
    def list_insured(self, request: ListInsured) -> Picks:
        return relations.list_insured(request, self._wiring())

    @rpc(households.remove_relation)
    def remove_relation(self, request: RemoveRelation) -> RelationRemoved:
        return relations.remove_relation(request, self._wiring())

    @consume(PaymentSucceeded, concerns=is_of_relation)
    def record_payment(self, tx: Any, data: PaymentSucceeded, envelope: Envelope) -> None:
        relations.record_payment(tx, data, self.relations, self.clock.now())

    @rpc(data_rights.get_account)
    def get_account(self, request: PersonNamed) -> Account:
        return rights.get_account(request, self._wiring())

    @rpc(data_rights.list_consents)
    def list_consents(self, request: PersonNamed) -> Consents:
        return rights.list_consents(request, self._wiring())

    @rpc(data_rights.give_consent)
    def give_consent(self, request: GiveConsent) -> ConsentNoted:
        return rights.give_consent(request, self._wiring())

    @rpc(data_rights.export_person)
    def export_person(self, request: PersonNamed) -> PersonExport:
        return rights.export_person(request, self._wiring())

    @rpc(data_rights.request_deletion)
    def request_deletion(self, request: PersonNamed) -> Deletion:
        return rights.request_deletion(request, self._wiring())

    @rpc(data_rights.cancel_deletion)
    def cancel_deletion(self, request: PersonNamed) -> DeletionCancelled:
        return rights.cancel_deletion(request, self._wiring())

    @timer(interval=_FORGET_EVERY)
    def forget_old(self) -> None:
        login.forget_old(self._login_wiring())
        relations.forget_unpaid(self._wiring())

    @timer(interval=_ERASE_EVERY)
    def carry_out_deletions(self) -> None:
        rights.carry_out_deletions(self._wiring())

    def _login_wiring(self) -> LoginWiring:
        return LoginWiring(
            self.database, self.codes, self.logins, self.consents, self.outbox, self.peers, self.real_names,
            self.clock, self.settings.code_rules, self.settings.login_reuse,
        )  # fmt: skip

    def _wiring(self) -> Wiring:
        return Wiring(
            self.database, self.accounts, self.members, self.relations, self.consents, self.outbox,
            self.gazetteer, self.clock, self.settings.household_limit, self.settings.deletion_after,
        )  # fmt: skip

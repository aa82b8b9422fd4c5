"""Entrypoints of the identity service."""

from __future__ import annotations

from nameko.timer import timer

from contract import identity as contract
from contract.identity import LoggedIn, LogIn, LoginCodeSent, RequestLoginCode
from kit.rpc import RpcCaller, rpc
from kit.service import Service
from services.identity.storage.logins import IdentityStorage
from services.identity.usecases import login

_FORGET_EVERY = 600


class IdentityService(Service):
    """Logs people in by SMS code."""

    name = "identity"

    peers = RpcCaller()
    storage = IdentityStorage()

    @rpc(contract.request_login_code)
    def request_login_code(self, request: RequestLoginCode) -> LoginCodeSent:
        rules = self.settings.code_rules
        return login.request_login_code(request, self.database, self.storage, self.peers, self.clock, rules)

    @rpc(contract.log_in)
    def log_in(self, request: LogIn) -> LoggedIn:
        return login.log_in(request, self.database, self.storage, self.clock, self.settings.code_rules)

    @timer(interval=_FORGET_EVERY)
    def forget_old(self) -> None:
        login.forget_old(self.database, self.storage, self.clock)

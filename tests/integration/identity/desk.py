"""The login use cases on a real database."""

from __future__ import annotations

from kit.outbox import Outbox
from services.identity.models import outbox
from services.identity.storage.codes import CodeStorage
from services.identity.storage.consents import Consents
from services.identity.storage.logins import LoginStorage
from services.identity.usecases.login_wiring import LoginWiring
from tests.factories.identity_logins import HALF_HOUR, Desk


class DatabaseDesk(Desk):
    """The tools of the running service over the database that is its `storage`."""

    @property
    def wiring(self) -> LoginWiring:
        return LoginWiring(
            self.storage, CodeStorage(), LoginStorage(), Consents(), Outbox(outbox, "identity"), self.phones,
            self.real_names, self.clock, self.rules, HALF_HOUR,
        )  # fmt: skip

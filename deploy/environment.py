"""The variables of every process, wherever it runs: which service may know what (deploy/README.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.topology import FOR_STAFF

_SECRETS: Mapping[str, Sequence[str]] = {
    "gateway": ("WECHAT_APPID", "WECHAT_SECRET"),
    "identity": ("REALNAME_APP_ID", "REALNAME_APP_KEY"),
    "contribution": ("QUOTE_KEYS", "TAXBANK_APP_ID", "TAXBANK_APP_KEY"),
    "payment": (
        "QUOTE_KEYS", "UNIONPAY_APP_ID", "UNIONPAY_APP_KEY", "UNIONPAY_COMMUNICATION_KEYS",
        "PUBLISHER_KEYS",
    ),
    "notify": (
        "TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET",
        "SMS_GATEWAY_KEY", "SMS_RECEIPT_TOKEN", "WECHAT_APPID", "WECHAT_SECRET",
    ),
    "certificate": ("SEAL_APP_ID", "SEAL_APP_KEY"),
}  # fmt: skip
"""Secrets of single services, besides those every service has."""

VHOST = "contribution"
"""RabbitMQ's virtual host."""

EVERY_SERVICES = ("PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY", "ROW_SEAL_KEYS")
"""Keys every service has."""

_OURS_ALONE = {"QUOTE_KEYS", "PUBLISHER_KEYS"}
"""Of the above, what no party of the sandbox knows."""

_MERCHANT = {
    "UNIONPAY_MSG_SRC": "WWW.TEST.COM",  # for UNIONPAY_ROUTE=communication-key
    "UNIONPAY_SOURCE_NUMBER": "3194",
    "UNIONPAY_MID": "898340149000005",
    "UNIONPAY_TID": "88880001",
    "UNIONPAY_INST_MID": "YUEDANDEFAULT",
}
_SMS = {"TENCENT_SMS_APP_ID": "1400006666", "SMS_GATEWAY_USER": "bureau", "SMS_SIGN_NAME": "广西税务"}
_TEMPLATES = "services/notify/templates.json"


@dataclass(frozen=True)
class Environment:
    """Composes variables from secrets and from where things are.

    `common` goes to every process; `bus` and `database` give a service's own address, password included. The
    URLs are those of the gateway and the console as a browser sees them, of the sandbox as services and, where that
    differs, as a browser sees it, of payment as UnionPay and of notify as the SMS providers see it.
    """

    secrets: Mapping[str, str] = field(repr=False)
    common: Mapping[str, str]
    bus: Callable[[str], str]
    database: Callable[[str], str]
    public_url: str
    sandbox_url: str
    payment_url: str
    notify_url: str
    console_url: str
    sandbox_pages_url: str = ""

    @property
    def _pages_url(self) -> str:
        return self.sandbox_pages_url or self.sandbox_url

    def service(self, name: str, http_address: str) -> dict[str, str]:
        """What one service may know, and nothing of the others."""
        prefix = name.upper()
        return {
            "LOG_LEVEL": "INFO",
            **{key: self.secrets[key] for key in EVERY_SERVICES},
            **{key: self.secrets[key] for key in _SECRETS.get(name, ())},
            **{key: self.secrets[key] for key in _staff_keys(name)},
            "AMQP_URI": self.bus(name),
            f"{prefix}_DATABASE_URL": self.database(name),
            f"{prefix}_HTTP_ADDRESS": http_address,
            **self._parties(name),
            **self.common,
        }

    def sandbox(self, address: str, database: str) -> dict[str, str]:
        """What the sandbox knows: the other half of every outside party's credentials."""
        shared = {key for keys in _SECRETS.values() for key in keys} - _OURS_ALONE
        return {
            "SANDBOX_ADDRESS": address,
            "SANDBOX_DATABASE": database,
            "SANDBOX_ENTRY_URL": f"{self.public_url}/",
            "SANDBOX_SEED": "1",
            "SANDBOX_SMS_TEMPLATES": _TEMPLATES,
            "SANDBOX_SMS_RECEIPT_URL": (
                f"{self.notify_url}/receipts/{{provider}}/{self.secrets['SMS_RECEIPT_TOKEN']}"
            ),
            **{key: self.secrets[key] for key in sorted(shared)},
            "SEAL_CA": self.secrets["SEAL_CA"],
            **_MERCHANT,
            **_SMS,
            **self.common,
        }

    def _parties(self, name: str) -> dict[str, str]:
        """Where a service finds the outside parties, and where they find it."""
        found: Callable[[], dict[str, str]] | None = getattr(self, f"_parties_of_{name}", None)
        return found() if found else {}

    def _parties_of_gateway(self) -> dict[str, str]:
        return {
            "PUBLIC_URL": self.public_url,
            "WECHAT_AUTHORIZE_URL": f"{self._pages_url}/connect/oauth2/authorize",
            "WECHAT_API_URL": self.sandbox_url,
            "WECHAT_SDK_URL": f"{self._pages_url}/sandbox/static/jweixin.js",
            "REDIRECT_HOSTS": self._pages_url.partition("://")[2],
        }

    def _parties_of_identity(self) -> dict[str, str]:
        return {"REALNAME_URL": self.sandbox_url}

    def _parties_of_contribution(self) -> dict[str, str]:
        return {"TAXBANK_URL": self.sandbox_url, "TAXCORE_URL": f"{self.sandbox_url}/esb"}

    def _parties_of_payment(self) -> dict[str, str]:
        return {
            "UNIONPAY_URL": self._pages_url,
            "TAXCORE_RECORDS_URL": f"{self.sandbox_url}/esb/records",
            "UNIONPAY_NOTIFY_URL": f"{self.payment_url}/notify/unionpay",
            "UNIONPAY_RETURN_URL": f"{self.public_url}/orders/",
            **_MERCHANT,
        }

    def _parties_of_notify(self) -> dict[str, str]:
        return {
            "SMS_PROVIDERS": "tencent:70,aliyun:30",
            "TENCENT_SMS_URL": self.sandbox_url,
            "ALIYUN_SMS_URL": f"{self.sandbox_url}/aliyun/",
            "SMS_GATEWAY_URL": f"{self.sandbox_url}/gateway",
            "SMS_TEMPLATES": _TEMPLATES,
            "NOTIFY_QUIET_HOURS": "off",  # who tries it at night wants to see the messages
            "WECHAT_MESSAGES": "true",
            "WECHAT_API_URL": self.sandbox_url,
            "WECHAT_MESSAGE_PAGE": f"{self.public_url}/account/reminders",
            **_SMS,
        }

    def _parties_of_console(self) -> dict[str, str]:
        return {"CONSOLE_URL": self.console_url}

    def _parties_of_certificate(self) -> dict[str, str]:
        return {
            "CERTIFICATE_CHECK_URL": f"{self.public_url}/check",
            "SEAL_PLATFORM_URL": f"{self.sandbox_url}/eseal",
            "SEAL_CRL_URLS": f"{self.sandbox_url}/eseal/ca.crl",
            "SEAL_ROOTS": self.secrets["SEAL_CA"].partition(".")[0],  # the key stays with the authority
        }


def staff_key_name(service: str) -> str:
    """The variable of the key by which a service knows for whom of the staff the console calls."""
    return f"{service.upper()}_STAFF_KEYS"


def _staff_keys(name: str) -> list[str]:
    """A service knows its own, the console all of them."""
    return [staff_key_name(service) for service in FOR_STAFF if name in (service, "console")]


def broker_password(secrets: Mapping[str, str], account: str) -> str:
    """The password of an account on the bus."""
    return secrets[f"{account.upper().replace('-', '_')}_BROKER_PASSWORD"]


def database_password(secrets: Mapping[str, str], service: str) -> str:
    """The password of a service's database role."""
    return secrets[f"{service.upper()}_DATABASE_PASSWORD"]


def bus_url(secrets: Mapping[str, str], account: str, address: str) -> str:
    """The bus, opened by one account."""
    return f"amqp://{account}:{broker_password(secrets, account)}@{address}/{VHOST}"


def database_url(secrets: Mapping[str, str], service: str, address: str) -> str:
    """A service's database, opened by its own role."""
    password = database_password(secrets, service)
    return f"postgresql+psycopg2://{service}:{password}@{address}/{service}"

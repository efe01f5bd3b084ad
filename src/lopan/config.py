"""Settings: flags over ``LOPAN_*`` over ``lopan.toml`` over the defaults below."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from lopan.errors import ConfigError

DEFAULT_LEVELS: dict[str, str] = {
    "administrator": "technical",
    "executiveUser": "executive",
    "operationsManager": "operational",
    "customerSuccessManager": "customerSuccess",
}


class Slack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[notify.slack]``: an incoming webhook; ``webhook`` may be ``env:NAME`` to keep the secret out of the file."""

    webhook: str = ""
    channel: str = "#production-alerts"


class Email(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[notify.email]``: an SMTP server; ``to`` gets every page, ``password`` may be ``env:NAME``."""

    host: str = ""
    port: int = 587
    username: str = ""
    password: str = ""
    tls: bool = True
    sender: str = "lopan@localhost"
    to: list[str] = []


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[notify.webhook]]``: signed JSON to ``url``; ``secret`` may be ``env:NAME``.

    ``allow_private`` lets it reach loopback and private networks, which are refused otherwise.
    """

    name: str
    url: str
    secret: str = ""
    allow_private: bool = False


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[notify]``: where pages go; with nothing set they stay on the page and in the API."""

    slack: Slack = Slack()
    email: Email = Email()
    webhook: list[Webhook] = []
    slack_allow_private: bool = False


class Ingest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[ingest]``: caps in bytes on one request, before and after decompression, and on an uploaded file."""

    max_body: int = 20_000_000
    max_decompressed: int = 100_000_000
    max_file: int = 500_000_000
    oldest_days: int = 30
    ahead_hours: int = 24


class SpoolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[spool]``: bytes on disk before intake answers 503, free bytes to leave, hours to keep what is written."""

    max_bytes: int = 4_000_000_000
    min_free_bytes: int = 500_000_000
    keep_hours: float = 24.0


class StoreSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[store]``: engine memory cap in bytes (the process uses some 300 MB more) and reader connections."""

    max_memory: int = 450_000_000
    readers: Annotated[int, Meta(ge=1, le=64)] = 4


class Business(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[business]``: the currency that money is reported in (ISO 4217); the site whose shifts are support's hours;
    ``[business.targets]``: targets of KPIs by id, in their unit.
    """

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"
    support_site: str = ""
    targets: dict[str, float] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a running Lopan was told; ``url`` is how people reach it from outside."""

    data: str = "lopan-data"
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8700
    url: str = ""
    timezone: str = "UTC"
    ingest: Ingest = Ingest()
    spool: SpoolSettings = SpoolSettings()
    store: StoreSettings = StoreSettings()
    business: Business = Business()
    notify: Notify = Notify()
    levels: dict[str, str] = msgspec.field(default_factory=lambda: dict(DEFAULT_LEVELS))

    @property
    def root(self) -> Path:
        """The data directory."""
        return Path(self.data)

    @property
    def public_url(self) -> str:
        """Base address without a trailing slash, as printed in DSNs and linked in messages."""
        return (self.url or f"http://{self.host}:{self.port}").rstrip("/")


def load(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ, file: Path | None = None) -> Config:
    """Merge the sources; ``flags`` with value None were not given. Raises ConfigError naming the setting."""
    settings: dict[str, Any] = {}
    given = {name: value for name, value in flags.items() if value is not None}
    for name in ("data", "host", "port", "url", "timezone"):
        if name not in given and f"LOPAN_{name.upper()}" in environ:
            given[name] = environ[f"LOPAN_{name.upper()}"]
    path = file or _find(Path(str(given.get("data", Config().data))))
    if path is not None:
        settings |= _read(path)
    settings |= given
    try:
        return msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path or 'settings'}: {error}") from None


def secret(value: str, environ: Mapping[str, str] = os.environ) -> str:
    """Resolve ``env:NAME``; anything else stands for itself. Raises ConfigError when NAME is not set."""
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in environ:
        raise ConfigError(f"lopan.toml refers to {value}, but {name} is not set in the environment")
    return environ[name]


def _find(data: Path) -> Path | None:
    return next((path for path in (data / "lopan.toml", Path("lopan.toml")) if path.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None

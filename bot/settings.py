"""The environment, read once: what an operator sets beside the options of the commands."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds that a person waits for a generator at most, where nothing else is set
LONGEST_TIMEOUT = 120.0
DAYS = 90
QUEUE_LIMIT = 2000  # about half a minute's work
PREFIX = "HANOIDX_"
ZALO_OA = "https://openapi.zalo.me"


class SettingsError(Exception):
    """What an operator must set otherwise; its text is one line that says how, and never holds a secret."""


@dataclass(frozen=True, slots=True)
class Generator:
    """An OpenAI-compatible endpoint: `url` is what `/chat/completions` is added to, `timeout` in seconds."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = TIMEOUT


@dataclass(frozen=True, slots=True)
class Telegram:
    """A Telegram bot. `secret` is what webhooks carry, `public_url` where Telegram finds this server, for webhooks.

    `proxy` is an address like socks5://… or http://…; where it is empty, there is none.
    """

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    public_url: str = ""
    api_base: str = "https://api.telegram.org"
    file_base: str = "https://api.telegram.org/file"
    proxy: str = field(default="", repr=False)

    @property
    def account(self) -> str:
        return self.token.partition(":")[0]


@dataclass(frozen=True, slots=True)
class ZaloBot:
    """A bot of the Zalo Bot Platform; `secret` and `public_url` as for Telegram."""

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    public_url: str = ""
    api_base: str = "https://bot-api.zaloplatforms.com"

    @property
    def account(self) -> str:
        return self.token.partition(":")[0]


@dataclass(frozen=True, slots=True)
class ZaloOA:
    """A Zalo Official Account. `secret_key` signs webhooks, `app_secret` asks for tokens.

    `refresh_token` is the first one; those that follow from it are kept in the database. `code_verifier` is what the
    code challenge of the developer console was made from; consent by the browser needs it.
    """

    account: str
    app_id: str
    app_secret: str = field(repr=False)
    secret_key: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    code_verifier: str = field(default="", repr=False)
    api_base: str = ZALO_OA
    oauth_base: str = "https://oauth.zaloapp.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """`generator` is None where answers are quotes only, as they are by default; a channel is None where not set up.

    `database_url` is empty where the database is SQLite in the data folder. `secret` is the key of the hashes that
    stand for people; where it is empty, one is made and kept in the data folder. `days`: how long messages and answers
    are kept. `queue_limit`: how many messages may wait before new ones are told that there are too many. `admins` are
    channels with the ids of accounts there.
    """

    generator: Generator | None = None
    telegram: Telegram | None = None
    zalo_bot: ZaloBot | None = None
    zalo_oa: ZaloOA | None = None
    database_url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    days: int = DAYS
    queue_limit: int = QUEUE_LIMIT
    admins: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises SettingsError. A variable that is empty counts as not set."""
        values = {
            name.removeprefix(PREFIX): value.strip() for name, value in environ.items() if name.startswith(PREFIX)
        }
        return cls(
            generator=_generator(environ),
            telegram=_telegram(values),
            zalo_bot=_zalo_bot(values),
            zalo_oa=_zalo_oa(values),
            database_url=values.get("DATABASE_URL", ""),
            secret=values.get("SECRET", ""),
            days=_count("DAYS", values) or DAYS,
            queue_limit=_count("QUEUE_LIMIT", values) or QUEUE_LIMIT,
            admins=_admins(values.get("ADMINS", "")),
        )


def _telegram(values: Mapping[str, str]) -> Telegram | None:
    token = values.get("TELEGRAM_TOKEN", "")
    if not token:
        return None
    if not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
        raise SettingsError("HANOIDX_TELEGRAM_TOKEN is no token like 123456:ABC-DEF; copy it from @BotFather's message")
    return Telegram(
        token,
        secret=_secret("TELEGRAM_SECRET", values, r"[\w-]{1,256}", "1 to 256 of A-Z, a-z, 0-9, _ and -"),
        public_url=_public_url(values),
        proxy=values.get("TELEGRAM_PROXY", ""),
        **_bases(values, api_base="TELEGRAM_API_BASE", file_base="TELEGRAM_FILE_BASE"),
    )


def _zalo_bot(values: Mapping[str, str]) -> ZaloBot | None:
    token = values.get("ZALO_BOT_TOKEN", "")
    if not token:
        return None
    if not re.fullmatch(r"[^:/?#\s]+:[^/?#\s]+", token):
        raise SettingsError(
            "HANOIDX_ZALO_BOT_TOKEN is no token like 12345689:abc-xyz; copy it from Zalo Bot Manager's message"
        )
    return ZaloBot(
        token,
        secret=_secret("ZALO_BOT_SECRET", values, r"[!-~]{8,256}", "8 to 256 letters, digits and signs"),
        public_url=_public_url(values),
        **_bases(values, api_base="ZALO_BOT_API_BASE"),
    )


def _zalo_oa(values: Mapping[str, str]) -> ZaloOA | None:
    if not values.get("ZALO_OA_ID"):
        return None
    needed = ("ZALO_OA_APP_ID", "ZALO_OA_APP_SECRET")
    if missing := [PREFIX + name for name in needed if not values.get(name)]:
        raise SettingsError(f"HANOIDX_ZALO_OA_ID is set, but not {' and '.join(missing)}; see developers.zalo.me")
    return ZaloOA(
        account=values["ZALO_OA_ID"],
        app_id=values["ZALO_OA_APP_ID"],
        app_secret=values["ZALO_OA_APP_SECRET"],
        secret_key=values.get("ZALO_OA_SECRET_KEY") or values["ZALO_OA_APP_SECRET"],
        refresh_token=values.get("ZALO_OA_REFRESH_TOKEN", ""),
        code_verifier=values.get("ZALO_OA_CODE_VERIFIER", ""),
        **_bases(values, api_base="ZALO_OA_API_BASE", oauth_base="ZALO_OAUTH_BASE"),
    )


def _secret(name: str, values: Mapping[str, str], form: str, expected: str) -> str:
    secret = values.get(name, "")
    if secret and not re.fullmatch(form, secret, re.ASCII):
        raise SettingsError(f"{PREFIX}{name} has to be {expected}")
    if values.get("PUBLIC_URL") and not secret:
        raise SettingsError(f"HANOIDX_PUBLIC_URL is set, but not {PREFIX}{name}; set it to {expected}, drawn at random")
    return secret


def _public_url(values: Mapping[str, str]) -> str:
    return _address(values["PUBLIC_URL"], "HANOIDX_PUBLIC_URL") if values.get("PUBLIC_URL") else ""


def _bases(values: Mapping[str, str], **names: str) -> dict[str, str]:
    """The addresses that are set otherwise than by default."""
    return {
        name: _address(values[variable], PREFIX + variable) for name, variable in names.items() if values.get(variable)
    }


def _admins(text: str) -> frozenset[tuple[str, str]]:
    found = re.findall(r"[^\s,;]+", text)
    for one in found:
        if not re.fullmatch(r"(?:telegram|zalo_bot|zalo_oa):[\w-]+", one, re.ASCII):
            raise SettingsError(
                f"HANOIDX_ADMINS has {one[:60]!r}; write telegram:ID, zalo_oa:ID or zalo_bot:ID, with commas between; "
                "the bot tells everyone their own ID when they send it /ma"
            )
    return frozenset((channel, account) for channel, _, account in (one.partition(":") for one in found))


def _count(name: str, values: Mapping[str, str]) -> int:
    text = values.get(name, "")
    if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 100_000):
        raise SettingsError(f"{PREFIX}{name} is {text[:20]!r}; set it to a whole number, at least 1")
    return int(text) if text else 0


def _generator(environ: Mapping[str, str]) -> Generator | None:
    url, model, key, timeout = (
        environ.get(f"HANOIDX_GENERATOR_{name}", "").strip() for name in ("URL", "MODEL", "KEY", "TIMEOUT")
    )
    if not url:
        return None
    if not model:
        raise SettingsError("HANOIDX_GENERATOR_URL is set, but no model; name one in HANOIDX_GENERATOR_MODEL")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError("HANOIDX_GENERATOR_KEY has characters that no key has; set it to the key alone")
    address = _address(url, "HANOIDX_GENERATOR_URL", "HANOIDX_GENERATOR_KEY", "https://example.org/v1")
    return Generator(address.removesuffix("/chat/completions"), model, key, _seconds(timeout))


def _address(url: str, variable: str, key_variable: str = "", example: str = "https://example.org") -> str:
    """The address without a slash at its end. What is wrong is said without the address, which may hold a password."""
    expected = f"give an address like {example}"
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and bool(parts.hostname)
    except ValueError:  # a port that is no number, half an IPv6 address
        sound = False
    if not sound or parts.scheme not in ("http", "https") or not url.isprintable() or " " in url:
        raise SettingsError(f"{variable} is no http or https address of a server; {expected}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        key = f", and the key in {key_variable}" if key_variable else ""
        raise SettingsError(f"{variable} has a password, a query or a fragment; {expected}{key}")
    return url.rstrip("/")


def _seconds(timeout: str) -> float:
    try:
        seconds = float(timeout or TIMEOUT)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise SettingsError(
            f"HANOIDX_GENERATOR_TIMEOUT is {timeout[:20]!r}; set it to seconds, more than 0 and at most "
            f"{LONGEST_TIMEOUT:g}"
        )
    return seconds

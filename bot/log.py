"""What a serving process logs, and what never stands there: a token, or the words of a question.

Addresses of Telegram and Zalo Bot hold a token, and httpx logs addresses at INFO; so it is heard from WARNING on, and
whatever secret is in a line all the same, a traceback's included, is replaced.
"""

import logging
import re
from urllib.parse import quote, unquote

from bot.settings import Settings

LOUD = ("httpx", "httpcore", "alembic", "telegram", "uvicorn", "bm25s", "asyncio")
_PASSWORD = re.compile(r"://[^:/]*:([^@]*)@|[?&]password=([^&]*)")  # in an address
_IN_ADDRESS = re.compile(r"/bot[^/\s'\"]+")


def configure(settings: Settings) -> None:
    """One line an event on stderr, from INFO on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(secrets(settings)))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)


def secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret of the settings, the longest first."""
    channels = (settings.telegram, settings.zalo_bot, settings.zalo_oa, settings.generator, settings)
    names = ("token", "secret", "secret_key", "app_secret", "refresh_token", "code_verifier", "key")
    found = {str(getattr(one, name, "") or "") for one in channels if one for name in names}
    for address in (settings.database_url, settings.telegram.proxy if settings.telegram else ""):
        found |= {address, *_passwords(address)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _passwords(address: str) -> set[str]:
    """The password in an address, as it is written there, without and with %-escapes."""
    written = {password for found in _PASSWORD.findall(address) for password in found}
    plain = set(map(unquote, written))
    return {*written, *plain, *map(quote, plain)}


class Redacting(logging.Formatter):
    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "…")
        return _IN_ADDRESS.sub("/bot…", line)

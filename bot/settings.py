"""The environment, read once: what an operator sets beside the options of the commands."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds that a person waits for a generator at most, where nothing else is set
LONGEST_TIMEOUT = 120.0


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
class Settings:
    """`generator` is None where answers are quotes only, as they are by default."""

    generator: Generator | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        return cls(generator=_generator(environ))


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
    return Generator(_address(url), model, key, _seconds(timeout))


def _address(url: str) -> str:
    """The address without a slash at its end. What is wrong is said without the address, which may hold a password."""
    expected = "give an address like https://example.org/v1"
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and bool(parts.hostname)
    except ValueError:  # a port that is no number, half an IPv6 address
        sound = False
    if not sound or parts.scheme not in ("http", "https") or not url.isprintable() or " " in url:
        raise SettingsError(f"HANOIDX_GENERATOR_URL is no http or https address of a server; {expected}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError(
            f"HANOIDX_GENERATOR_URL has a password, a query or a fragment; {expected}, "
            "and the key in HANOIDX_GENERATOR_KEY"
        )
    return url.rstrip("/").removesuffix("/chat/completions")


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

"""An address on the web -> the bytes that are there, for corpus.read.

Whoever gives the address may be deceived or deceive: nothing inside this network is asked, not by a redirect nor by
a name that leads there. The connection goes to the very address that was checked, so that the name cannot lead
elsewhere a moment later.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from corpus.errors import UnfetchableUrl
from corpus.reading.read import BYTES

TIME = 60.0  # seconds for one document, redirects and all
STEP = 15.0  # seconds for one connection or one read
REDIRECTS = 5

_TYPES = {
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/rtf",
    "application/xhtml+xml",
    "text/html",
    "text/markdown",
    "text/plain",
    "text/rtf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    # What servers say that do not know; corpus.read tells by the content.
    "application/download",
    "application/force-download",
    "application/octet-stream",
    "application/x-download",
    "binary/octet-stream",
}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last 32 bits
_HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "hanoidx"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url` is where the redirects ended; `name` is a file name without folders."""

    content: bytes
    url: str
    name: str
    content_type: str


def fetch(url: str, *, allow_private: bool = False) -> Fetched:
    """What is at an http or https address; raises UnfetchableUrl. `allow_private` is for tests against this machine."""
    return asyncio.run(_fetch(url, allow_private))


async def _fetch(url: str, allow_private: bool) -> Fetched:
    try:
        async with (
            asyncio.timeout(TIME),
            httpx.AsyncClient(trust_env=False, timeout=STEP, headers=_HEADERS, follow_redirects=False) as client,
        ):
            asked = _parsed(url, url)
            for _ in range(REDIRECTS + 1):
                found = await _ask(client, asked, url, allow_private)
                if isinstance(found, Fetched):
                    return found
                asked = found
    except TimeoutError as error:
        raise UnfetchableUrl(url, f"not there after {TIME:.0f} s", "try again later") from error
    except httpx.TimeoutException as error:
        raise UnfetchableUrl(url, f"no answer for {STEP:.0f} s", "try again later") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UnfetchableUrl(url, f"cannot be fetched: {reason}", "check the address, or try again later") from error
    raise UnfetchableUrl(url, f"more than {REDIRECTS} redirects", "give the address where the document itself is")


def _parsed(address: str, url: str) -> httpx.URL:
    """An address that may be asked; errors name `url`, from which a redirect may have led to it."""
    try:
        parsed = httpx.URL(address)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnfetchableUrl(url, "not an address", "write it as https://…") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UnfetchableUrl(url, f"leads to {parsed.scheme or 'no'}: address", "only http and https are fetched")
    if parsed.userinfo:
        raise UnfetchableUrl(url, "a user name in the address", "give an address that everybody may read")
    return parsed


async def _ask(client: httpx.AsyncClient, asked: httpx.URL, url: str, allow_private: bool) -> Fetched | httpx.URL:
    """One request: the document, or where it redirects to."""
    addresses = await _addresses(asked, url, allow_private)
    request = client.build_request("GET", asked.copy_with(host=addresses[0], fragment=None))
    request.headers["Host"] = asked.netloc.decode("ascii")
    request.extensions["sni_hostname"] = asked.raw_host.decode("ascii")  # certificates are for names
    response = await client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return _parsed(str(asked.join(response.headers["Location"])), url)
        if response.status_code != 200:
            raise UnfetchableUrl(url, f"the server answers {response.status_code}", "check the address")
        content_type = response.headers.get("Content-Type", "application/octet-stream").split(";")[0].strip().lower()
        if content_type not in _TYPES:
            raise UnfetchableUrl(url, f"content of the type {content_type[:60]!r}", "give the address of a document")
        return Fetched(await _body(response, url), str(asked), _name(response, asked), content_type)
    finally:
        await response.aclose()


async def _addresses(asked: httpx.URL, url: str, allow_private: bool) -> list[str]:
    host = asked.raw_host.decode("ascii").strip("[]")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, asked.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnfetchableUrl(url, f"there is no host {host}", "check the address") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    inner = [address for address in addresses if not _is_public(address)]
    if inner and not allow_private:
        raise UnfetchableUrl(url, f"{host} is {inner[0]}, not on the public internet", "download it and give the file")
    return sorted(addresses, key=lambda address: ":" in address)  # IPv4 first: not every server has a way out by IPv6


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.is_site_local:
            return False
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner:
            return _is_public(str(inner))
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


async def _body(response: httpx.Response, url: str) -> bytes:
    """The content, unpacked piece by piece: 64 KB of gzip give at most 66 MB, but gzip in gzip 1,000 times that."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", "gzip", ""):
        raise UnfetchableUrl(url, "content packed in an unusual way", "download it and give the file")
    too_large = UnfetchableUrl(
        url, f"larger than {BYTES // 1_000_000} MB", "download it, make it smaller, give the file"
    )
    if response.headers.get("Content-Length", "").isdecimal() and int(response.headers["Content-Length"]) > BYTES:
        raise too_large
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > BYTES:
            raise too_large
    return bytes(content)


def _name(response: httpx.Response, asked: httpx.URL) -> str:
    header = Message()
    header["Content-Disposition"] = "".join(
        letter for letter in response.headers.get("Content-Disposition", "") if letter.isprintable()
    )
    given = header.get_filename() or unquote(asked.path)
    name = PurePosixPath(given.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable()).lstrip(".")[:150] or asked.host

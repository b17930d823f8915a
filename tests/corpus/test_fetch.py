"""Documents from the web, over a real server on this machine; and every way into a network that is refused."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from corpus.errors import UnfetchableUrl
from corpus.reading import fetch as module
from corpus.reading.fetch import fetch

PDF = {"Content-Type": "application/pdf"}


class Server(ThreadingHTTPServer):
    """Answers a path with (status, headers, body); keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.path == "/slow":
                for _ in range(50):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            self.wfile.write(body)
        except OSError:  # the client has had enough
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses they lead to; the rest is asked of the system."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        return [entry for address in known[host] for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def refusal(url: str, allow_private: bool = True) -> str:
    with pytest.raises(UnfetchableUrl) as caught:
        fetch(url, allow_private=allow_private)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{url}: ")
    assert " — " in message
    return message


def test_a_document_comes_with_its_name_and_type(server: Server) -> None:
    server.answers["/v%C4%83n/57.pdf?x=1"] = 200, {"Content-Type": "application/PDF; charset=x"}, b"%PDF-"
    found = fetch(f"{server.url}/văn/57.pdf?x=1#trang-2", allow_private=True)
    assert (found.content, found.name, found.content_type) == (b"%PDF-", "57.pdf", "application/pdf")
    assert found.url.startswith(f"{server.url}/v%C4%83n/57.pdf?x=1")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="57.docx"', "57.docx"),
        ("attachment; filename*=UTF-8''Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.docx", "Quyết định.docx"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\57.doc"', "57.doc"),
        ('attachment; filename=".bashrc"', "bashrc"),
        ('attachment; filename=".."', "127.0.0.1"),
    ],
)
def test_the_name_that_a_server_gives_has_no_folders(server: Server, header: str, name: str) -> None:
    server.answers["/x"] = 200, {**PDF, "Content-Disposition": header}, b"1"
    assert fetch(f"{server.url}/x", allow_private=True).name == name


def test_redirects_are_followed_and_the_last_address_is_told(server: Server) -> None:
    server.answers["/a"] = 302, {"Location": "b?y=2"}, b""
    server.answers["/b?y=2"] = 301, {"Location": f"{server.url}/c.pdf"}, b""
    server.answers["/c.pdf"] = 200, PDF, b"1"
    assert fetch(f"{server.url}/a", allow_private=True).url == f"{server.url}/c.pdf"


def test_redirects_that_never_end_are_given_up(server: Server) -> None:
    server.answers["/a"] = 302, {"Location": "/a"}, b""
    assert "more than 5 redirects" in refusal(f"{server.url}/a")
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://example.org/x", "http://u:p@example.org/", "gopher://x/"]
)
def test_a_redirect_may_not_lead_where_an_address_may_not(server: Server, target: str) -> None:
    server.answers["/a"] = 302, {"Location": target}, b""
    message = refusal(f"{server.url}/a")
    assert "only http and https" in message or "a user name in the address" in message


def test_a_redirect_into_this_network_is_refused(
    server: Server, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first address counts as public here, since no test may ask one that is."""
    names["congbao.example"] = ["127.0.0.1"]
    real = module._is_public
    monkeypatch.setattr(module, "_is_public", lambda address: address == "127.0.0.1" or real(address))
    server.answers["/a"] = 302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""
    message = refusal(f"http://congbao.example:{server.server_port}/a", allow_private=False)
    assert "169.254.169.254 is 169.254.169.254, not on the public internet" in message


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.b/c", "57.pdf", "", "http://", "javascript:alert(1)"])
def test_only_http_is_fetched(url: str) -> None:
    assert "only http and https are fetched" in refusal(url)


def test_passwords_in_an_address_are_refused() -> None:
    assert "a user name in the address" in refusal("https://admin:secret@example.org/57.pdf")


@pytest.mark.parametrize("url", ["http://[::1", "http://a b/", "http://a:99999/x", "http://\0/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    refusal(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_addresses_inside_a_network_are_refused(host: str) -> None:
    assert "not on the public internet" in refusal(f"http://{host}:9/57.pdf", allow_private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "203.162.4.191", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_on_the_public_internet_may_be_asked(address: str) -> None:
    assert module._is_public(address)


def test_a_name_with_one_inner_address_is_refused(names: dict[str, list[str]]) -> None:
    names["two.example"] = ["8.8.8.8", "10.0.0.1"]
    assert "two.example is 10.0.0.1, not on the public internet" in refusal("http://two.example/", allow_private=False)


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time it is asked would lead into this network."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "rebind.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server.answers["/57.pdf"] = 200, PDF, b"1"
    url = f"http://rebind.example:{server.server_port}/57.pdf"
    found = fetch(url, allow_private=True)
    assert asked == ["rebind.example"]
    assert found.url == url
    assert server.asked[0][1]["Host"] == f"rebind.example:{server.server_port}"


def test_a_proxy_of_the_environment_is_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.answers["/x"] = 200, PDF, b"1"
    assert fetch(f"{server.url}/x", allow_private=True).content == b"1"


def test_a_host_that_is_not_there_is_told(names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "there is no host none.example" in refusal("https://none.example/57.pdf")


def test_a_closed_door_is_told() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        assert "cannot be fetched" in refusal(f"http://127.0.0.1:{door.getsockname()[1]}/57.pdf")


def test_what_is_no_web_server_is_told(server: Server) -> None:
    assert "cannot be fetched" in refusal(f"https://127.0.0.1:{server.server_port}/57.pdf")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((404, {}, b""), "the server answers 404"),
        ((500, PDF, b""), "the server answers 500"),
        ((302, {}, b""), "the server answers 302"),
        ((200, {"Content-Type": "video/mp4"}, b"x"), "content of the type 'video/mp4'"),
        ((200, {"Content-Type": "application/json"}, b"{}"), "content of the type 'application/json'"),
        ((200, {**PDF, "Content-Encoding": "br"}, b"x"), "packed in an unusual way"),
        ((200, {**PDF, "Content-Encoding": "gzip, gzip"}, b"x"), "packed in an unusual way"),
        ((200, {**PDF, "Content-Encoding": "gzip"}, b"no gzip"), "cannot be fetched"),
        ((200, {**PDF, "Content-Length": "60000000"}, b"x"), "larger than 50 MB"),
        ((200, {**PDF, "Content-Length": "100"}, b"short"), "cannot be fetched"),
    ],
)
def test_what_a_server_may_answer_wrongly_is_told_in_one_line(
    server: Server, answer: tuple[int, dict[str, str], bytes], found: str
) -> None:
    server.answers["/57.pdf"] = answer
    assert found in refusal(f"{server.url}/57.pdf")


@pytest.mark.parametrize("kind", ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"])
def test_old_office_files_are_fetched(server: Server, kind: str) -> None:
    server.answers["/bieu"] = 200, {"Content-Type": kind}, b"\xd0\xcf\x11\xe0"
    found = fetch(f"{server.url}/bieu", allow_private=True)
    assert (found.content, found.content_type) == (b"\xd0\xcf\x11\xe0", kind)


@pytest.mark.parametrize("pack", [bytes, lambda content: gzip.compress(content, 1)])
def test_too_much_content_is_refused_while_it_comes(
    server: Server, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(module, "BYTES", 1_000_000)
    body = pack(bytes(3_000_000))
    encoding = {"Content-Encoding": "gzip"} if len(body) < 1_000_000 else {}
    server.answers["/57.pdf"] = 200, {**PDF, **encoding}, body
    assert "larger than 1 MB" in refusal(f"{server.url}/57.pdf")


def test_packed_content_is_unpacked(server: Server) -> None:
    server.answers["/57.html"] = 200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"<p>x")
    assert fetch(f"{server.url}/57.html", allow_private=True).content == b"<p>x"


def test_a_server_that_trickles_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIME", 0.4)
    server.answers["/slow"] = 200, PDF, b""
    begun = time.monotonic()
    assert "not there after 0 s" in refusal(f"{server.url}/slow")
    assert time.monotonic() - begun < 3

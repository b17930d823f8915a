"""Nothing of ours reaches out by itself, whatever libraries are in it, and nothing is left in anybody's home folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

OFFLINE = [sys.executable, str(Path(__file__).with_name("offline.py")), sys.executable]
LOOKS_UP = "import socket; socket.getaddrinfo('example.org', 443)"
CONNECTS = "import socket; socket.socket().connect(('127.0.0.1', 9))"
CONNECTS_IN_A_CHILD = (
    f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {CONNECTS!r}]).returncode)"
)
SENDS = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'a', ('127.0.0.1', 9))"
LISTENS = "import socket; one = socket.create_server(('127.0.0.1', 0)); one.close()"
QUESTION = "Hà Nội có bao nhiêu xã, phường?"
# A webhook alone, which calls nobody before somebody writes
ZALO_OA = {"HANOIDX_ZALO_OA_ID": "1", "HANOIDX_ZALO_OA_APP_ID": "2", "HANOIDX_ZALO_OA_APP_SECRET": "geheim"}
SECONDS = 12  # the encoder's library looked its maker's host up 8 seconds after it was loaded


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(home: Path, tmp_path: Path, small_documents: Path) -> Mapping[str, str]:
    """A new person's: no settings, no caches, and none of the switches that turn calling home off."""
    ours = {"HOME": str(home), "HANOIDX_DATA": str(tmp_path / "data"), "HANOIDX_CORPUS": str(small_documents)}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **ours}


@pytest.fixture(autouse=True)
def _it_can_be_trapped() -> None:
    done = subprocess.run([*OFFLINE, "-c", LISTENS], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"what reaches out cannot be trapped here: {done.stderr.splitlines()[-1]}")


def run(environ: Mapping[str, str], *command: str) -> str:
    done = subprocess.run([*OFFLINE, *command], env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr or signal.Signals(-done.returncode).name
    return done.stdout


@pytest.mark.parametrize("program", [CONNECTS, SENDS])
def test_a_process_that_reaches_out_is_ended(program: str) -> None:
    assert subprocess.run([*OFFLINE, "-c", program], check=False).returncode == -signal.SIGSYS


def test_a_process_that_looks_a_host_up_is_ended() -> None:
    done = subprocess.run([*OFFLINE, "-c", LOOKS_UP], capture_output=True, check=False)
    if done.returncode != -signal.SIGSYS:  # nscd, nss-resolve
        pytest.skip("another process looks hosts up for all on this machine")


def test_a_process_whose_child_reaches_out_hears_of_it() -> None:
    done = subprocess.run([*OFFLINE, "-c", CONNECTS_IN_A_CHILD], check=False)
    assert done.returncode == (-signal.SIGSYS) % 256


def test_building_asking_and_serving_reach_nobody_and_leave_nothing_at_home(
    environ: Mapping[str, str], home: Path, tmp_path: Path
) -> None:
    run(environ, "-m", "bot", "index", "build")
    assert "126" in run(environ, "-m", "bot", "ask", QUESTION)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [*OFFLINE, "-m", "bot", "serve", "--port", str(port)],
            env={**environ, **ZALO_OA},
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            until = time.monotonic() + 60
            while not is_ready(port):
                assert server.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < until, log.read_text("utf-8")
                time.sleep(0.1)
            with pytest.raises(subprocess.TimeoutExpired):  # it lives on
                server.wait(SECONDS)
            assert is_ready(port)
        finally:
            server.send_signal(signal.SIGINT)
    assert list(home.rglob("*")) == []


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False

"""The environment: what it may hold, what is said of the rest, and that it costs nothing where nothing is set."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.settings import Generator, Settings, SettingsError

ROOT = Path(__file__).parents[1]
URL, MODEL, KEY, TIMEOUT = (f"HANOIDX_GENERATOR_{name}" for name in ("URL", "MODEL", "KEY", "TIMEOUT"))
SET = {URL: "http://127.0.0.1:8000/v1", MODEL: "m"}


def test_without_a_url_there_is_no_generator() -> None:
    assert Settings.from_env({}) == Settings(generator=None)
    assert Settings.from_env({URL: " ", MODEL: "m", KEY: "k", TIMEOUT: "never"}).generator is None


def test_all_four_variables_are_read_without_white_space_around_them() -> None:
    environ = {URL: " https://ai.example.vn/v1\n", MODEL: "qwen 3", KEY: "sk-1\n", TIMEOUT: " 2.5 "}
    assert Settings.from_env(environ).generator == Generator("https://ai.example.vn/v1", "qwen 3", "sk-1", 2.5)


def test_key_and_timeout_are_optional() -> None:
    assert Settings.from_env(SET).generator == Generator("http://127.0.0.1:8000/v1", "m", key="", timeout=10)


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/chat/completions/"])
def test_the_address_may_be_that_of_the_endpoint_itself(tail: str) -> None:
    generator = Settings.from_env({**SET, URL: f"http://[::1]:8000/v1{tail}"}).generator
    assert generator
    assert generator.url == "http://[::1]:8000/v1"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({MODEL: ""}, MODEL),
        *(
            ({URL: url}, URL)
            for url in (
                "127.0.0.1:8000/v1",
                "ftp://host/v1",
                "http://",
                "http://host:port/v1",
                "http://host:99999/v1",
                "http://host:0/v1",
                "http://[::1/v1",
                "http://ho st/v1",
                "http://host/v1?api-key=hunter2",
                "http://host/v1#hunter2",
                "http://me:hunter2@host/v1",
                "hunter2",
            )
        ),
        *(({KEY: key}, KEY) for key in ("hunter2 x", "hunter2\nX-Other: 1", "hunter2\x00", "hunter2é")),
        *(({TIMEOUT: timeout}, TIMEOUT) for timeout in ("0", "-1", "nan", "inf", "121", "ten", "1" * 500)),
    ],
)
def test_what_is_wrong_is_said_in_one_line_without_its_secrets(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**SET, **wrong})
    message = str(caught.value)
    assert message.startswith(said) or said in message
    assert "\n" not in message
    assert len(message) < 200
    assert "hunter2" not in message


def test_the_key_is_in_no_representation() -> None:
    assert "sk-1" not in repr(Settings.from_env({**SET, KEY: "sk-1"}))


@pytest.mark.parametrize(
    "command", [["ask", "iHanoi là gì?"], ["ask", "--jsonl"], ["repl"], ["evaluate"]], ids=" ".join
)
def test_a_command_that_answers_ends_with_one_line_where_the_settings_are_wrong(command: list[str], data: Path) -> None:
    if command == ["evaluate"]:
        command = ["evaluate", "--questions", str(ROOT / "tests" / "data" / "questions-dev.jsonl")]
    result = CliRunner().invoke(app, [*command, "--data", str(data)], env={URL: "http://127.0.0.1:8000/v1", MODEL: ""})
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert MODEL in result.stderr


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/v1"])
def test_what_asks_a_generator_is_imported_only_where_there_is_one(url: str, data: Path) -> None:
    program = f"""
import sys
from typer.testing import CliRunner
from bot.__main__ import app
result = CliRunner().invoke(app, ["ask", "chào bạn", "--data", {str(data)!r}], env={{{URL!r}: {url!r}, {MODEL!r}: "m"}})
print(result.exit_code, *sorted({{"httpx", "prometheus_client", "bot.answering.generate"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["0", "bot.answering.generate", "httpx", "prometheus_client"] if url else ["0"])

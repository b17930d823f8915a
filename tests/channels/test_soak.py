"""The durable path over real HTTP: the real process is killed, finds the disk full or its database locked, and more.

The long form is tests/soak.py, by `make soak`.
"""

import resource
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from platforms import hang
from soak import PLATFORMS, Plan, Process, on_stage, soak, until

from bot.records.database import FILE
from index.activation import activate
from index.snapshot import active

MESSAGES, PEOPLE = 60, 12


@pytest.mark.parametrize("channel", PLATFORMS)
def test_every_message_is_answered_once_though_the_process_is_killed(channel: str, data: Path) -> None:
    outcome = soak(Plan(channel, MESSAGES, PEOPLE, kills=3, span=3.0, data=data))
    assert outcome.judgement.is_good, outcome.judgement


def test_two_processes_share_the_work_and_each_message_is_answered_once(data: Path, postgresql: str) -> None:
    plan = Plan("zalo-bot", MESSAGES, PEOPLE, kills=1, span=3.0, data=data, database_url=postgresql, processes=2)
    outcome = soak(plan)
    assert outcome.judgement.is_good, outcome.judgement
    assert min(outcome.sent) > 0


def state(process: Process) -> tuple[int, dict[str, Any]]:
    answer = process.ask("/readyz")
    return answer.status_code, answer.json()


def becomes(process: Process, status: int, name: str = "database_trouble") -> str:
    """What /readyz says under `name` once it answers with `status`."""
    found = until(lambda: [fields for code, fields in [state(process)] if code == status], 15)
    return str(found[0][name] or "")


def lines(process: Process, words: str) -> list[str]:
    return [line for line in process.log if words in line]


def test_what_comes_while_the_disk_is_full_is_answered_once_it_is_not(data: Path) -> None:
    with on_stage("telegram", data) as stage:
        (process,) = stage.processes
        becomes(process, 200)
        stage.platform.faults.order("sendMessage", hang(2.0))
        stage.say(0, "xin chào")
        until(stage.is_sending, 5)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        for person in (1, 2):
            stage.say(person, "Hà Nội có bao nhiêu xã, phường?")
        assert "disk" in becomes(process, 503)
        time.sleep(3)
        assert state(process)[0] == 503
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert becomes(process, 200) == ""
        judgement = stage.end()
        assert [judgement.lost, judgement.twice, judgement.mixed, judgement.unknowable] == [[], [], [], []]
        assert len(lines(process, "the database cannot be written")) == 1, process.log
        assert len(lines(process, "the database can be written again")) == 1, process.log


def test_what_comes_while_the_database_is_locked_is_answered_once_it_is_not(data: Path) -> None:
    with on_stage("zalo-bot", data) as stage:
        (process,) = stage.processes
        becomes(process, 200)
        other = sqlite3.connect(stage.data / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        stage.say(0, "xin chào")
        stage.say(1, "ha noi co bao nhieu xa phuong")
        assert "does not answer" in becomes(process, 503)
        other.execute("ROLLBACK")
        other.close()
        assert becomes(process, 200) == ""
        assert stage.end().is_good


def test_what_comes_before_there_is_a_snapshot_is_answered_once_there_is_one(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data", ignore=shutil.ignore_patterns("current", "hanoidx.db*"))
    with on_stage("zalo-oa", tmp_path / "data") as stage:
        (process,) = stage.processes
        assert "hanoidx index build" in becomes(process, 503, "snapshot_trouble")
        stage.say(0, "Hà Nội có bao nhiêu xã, phường?")
        until(lambda: stage.platform.waiting([stage.said[0].key]) == 0, 5)
        time.sleep(1)
        assert stage.platform.said() == []
        activate(active(data) or "", stage.data)
        assert becomes(process, 200, "snapshot_trouble") == ""
        assert stage.end().is_good
        assert len(lines(process, "questions wait")) == 1

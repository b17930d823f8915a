"""Small talk and what we do not do are recognised in words that no phrase and no example has; questions stay questions.

Nothing was fitted to the messages of messages-held-out.yaml. Refusals count as in `hanoidx evaluate`: what we do not do
may also be said to be outside of what the bot knows.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bot import messages
from bot.answering.answer import ask
from bot.answering.recognise import QUESTION, WEIGHTS, recognise
from bot.dialogue import Question, Status
from corpus.language.normalize import fold
from index.encode import Encoder, OnnxEncoder
from index.query import parse
from index.search import query_vector
from index.snapshot import Snapshot

pytestmark = pytest.mark.noise

DATA = Path(__file__).parents[1] / "data"
MESSAGES, HELD_OUT = DATA / "messages.yaml", DATA / "messages-held-out.yaml"
DEV = ("questions-dev.jsonl", "questions-dev-2.jsonl")
TODAY = date(2026, 11, 23)

Statuses = Callable[..., list[Status]]


@pytest.fixture(scope="module")
def statuses(snapshot: Snapshot) -> Statuses:
    return lambda *texts: [ask(Question(text), snapshot, TODAY).status for text in texts]


def held_out(kind: str) -> list[str]:
    found = yaml.safe_load(HELD_OUT.read_text("utf-8"))[kind]
    return [text for texts in found.values() for text in texts] if isinstance(found, dict) else found


@pytest.fixture
def slack(noise: int | None) -> float:
    """What a share may lose when all vectors are turned: two or three messages of a set."""
    return 0.03 if noise else 0.0


def share(statuses: list[Status], *prefixes: str) -> float:
    return sum(status.startswith(prefixes) for status in statuses) / len(statuses)


# Measured on messages that nothing was fitted to: small talk .944 (85 of 90) and, without diacritics, .922; what is
# refused .966 and .944 of 89. The bar of .95 is reached on the dev questions; here small talk is one message short.
@pytest.mark.parametrize(
    ("kind", "prefixes", "typed", "bare"),
    [("small_talk", ("small_talk",), 0.94, 0.92), ("refused", ("refused", "unanswerable"), 0.95, 0.93)],
)
def test_messages_that_nobody_fitted_to_are_recognised(
    statuses: Statuses, slack: float, kind: str, prefixes: tuple[str, ...], typed: float, bare: float
) -> None:
    texts = held_out(kind)
    assert len(texts) >= 75
    assert share(statuses(*texts), *prefixes) >= typed - slack
    assert share(statuses(*map(fold, texts)), *prefixes) >= bare - slack


@pytest.mark.parametrize("kind", ["question", "off_topic"])
def test_questions_that_nobody_fitted_to_stay_questions(statuses: Statuses, slack: float, kind: str) -> None:
    texts = held_out(kind)
    for spelled in (texts, list(map(fold, texts))):
        taken = share(statuses(*spelled), "small_talk", "refused")
        assert taken <= 0.07 + slack  # 2 of 30 about other things, 2 of 75 others


def test_no_dev_question_is_taken_for_small_talk_or_refused(snapshot: Snapshot) -> None:
    """Every third of them."""
    items = [json.loads(line) for name in DEV for line in (DATA / name).read_text("utf-8").splitlines()[::3]]
    taken = [
        text
        for item in items
        if item["expect"] not in ("smalltalk", "refuse")
        for text in filter(None, (item["question"], item.get("typed"), fold(item["question"])))
        if ask(Question(text, tuple(item.get("turns") or ())), snapshot, TODAY).status
        in (Status.SMALL_TALK, Status.REFUSED)
    ]
    assert taken == []


def test_what_is_held_out_is_no_example() -> None:
    examples = {fold(text) for texts in yaml.safe_load(MESSAGES.read_text("utf-8")).values() for text in texts}
    kinds = yaml.safe_load(HELD_OUT.read_text("utf-8"))
    assert [text for kind in kinds for text in held_out(kind) if fold(text) in examples] == []


def test_no_example_stands_under_two_names() -> None:
    examples: dict[str, list[str]] = yaml.safe_load(MESSAGES.read_text("utf-8"))
    names: dict[str, set[str]] = {}
    for name, texts in examples.items():
        for text in texts:
            names.setdefault(text.lower(), set()).add(name)
    assert {text: found for text, found in names.items() if len(found) > 1} == {}


def test_a_message_in_decomposed_unicode_or_with_a_picture_is_the_same(statuses: Statuses) -> None:
    text = "bạn có người yêu chưa vậy trời"
    assert set(statuses(text, unicodedata.normalize("NFD", text), f"{text} 😊!!!")) == {Status.SMALL_TALK}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("thế bạn bao nhiêu tuổi rồi", Status.SMALL_TALK),
        ("nó ở đâu vậy?", Status.ANSWERED),
        ("cảm ơn, thế còn phí?", Status.ANSWERED),
    ],
)
def test_in_a_conversation_small_talk_is_told_from_a_follow_up(snapshot: Snapshot, text: str, status: Status) -> None:
    turns = ("Trung tâm Phục vụ hành chính công Hà Nội có mấy chi nhánh?",)
    assert ask(Question(text, turns), snapshot, TODAY).status is status


def test_the_number_of_an_office_is_no_personal_data(statuses: Statuses) -> None:
    (status,) = statuses("Cho tôi số điện thoại riêng của tổ công nghệ số phường Láng?")
    assert status is not Status.REFUSED


def test_what_is_near_to_the_documents_is_less_easily_taken_for_small_talk(noisy_encoder: Encoder) -> None:
    query = parse("làm việc cả ngày có mệt không bạn")
    vector = query_vector(noisy_encoder, query)
    assert recognise(query, vector, noisy_encoder, confidence=-5.0)
    assert recognise(query, vector, noisy_encoder, confidence=50.0) is None


def test_the_weights_are_those_of_the_bundled_encoder_and_of_the_examples(encoder: OnnxEncoder) -> None:
    stored = _stored()
    assert str(stored["encoder_digest"]) == encoder.digest, "run `make train`"
    assert str(stored["messages_digest"]) == hashlib.sha256(MESSAGES.read_bytes()).hexdigest(), "run `make train`"


def test_another_encoder_has_no_weights(hash_encoder: Encoder) -> None:
    query = parse("bạn có người yêu chưa")
    assert recognise(query, query_vector(hash_encoder, query), hash_encoder, confidence=-5.0) is None


def test_every_name_has_something_to_say() -> None:
    stored = _stored()
    names, refused = set(stored["names"].tolist()), set(stored["names"][stored["refused"]].tolist())
    assert refused == set(messages.VIETNAMESE.refused)
    assert names - refused - {QUESTION} == set(messages.VIETNAMESE.small_talk)


def _stored() -> dict[str, Any]:
    with np.load(WEIGHTS) as stored:
        return dict(stored)

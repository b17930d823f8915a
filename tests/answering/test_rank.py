"""Units in the order in which they answer: the year asked for, the cosines of sample questions, damage to nothing."""

from datetime import date

import numpy as np
import pytest

from bot.answering.answer import ask
from bot.answering.asked import asked
from bot.answering.rank import FEATURES, features, rank
from bot.dialogue import Question, Status
from index.query import parse
from index.search import search
from index.snapshot import Snapshot

pytestmark = pytest.mark.noise

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("question", "turns", "said"),
    [
        ("còn năm 2022?", ("Hà Nội xếp hạng mấy về chuyển đổi số năm 2024?",), "24/63"),
        ("Năm 2024 Hà Nội được bao nhiêu điểm thương mại điện tử?", (), "84,3"),
        ("Nam 2025 kinh te so chiem bao nhieu phan tram GRDP cua Ha Noi?", (), "17,34%"),
    ],
)
def test_a_question_that_names_a_year_gets_that_year(
    snapshot: Snapshot, question: str, turns: tuple[str, ...], said: str
) -> None:
    answer = ask(Question(question, turns), snapshot, TODAY)
    assert answer.status is Status.ANSWERED
    assert said in answer.text


@pytest.mark.parametrize("question", ["EBI năm 2022 Hà Nội xếp thứ mấy?", "Năm 2027 iHanoi có bao nhiêu tài khoản?"])
def test_a_year_that_no_document_has_is_not_answered_with_another(snapshot: Snapshot, question: str) -> None:
    answer = ask(Question(question), snapshot, TODAY)
    assert answer.status is Status.UNANSWERABLE_NO_PASSAGE
    assert answer.citations[-1].document_id == "kenh-lien-he-ho-tro"


def test_every_unit_of_every_hit_is_ranked_once_by_falling_scores(snapshot: Snapshot) -> None:
    query = parse("Nộp hồ sơ trực tuyến ở đâu?")
    hits = search(snapshot, query, 10)
    wanted = asked(query)
    matrix = features(query, wanted, hits, snapshot)
    ranked = rank(query, wanted, hits, snapshot)
    assert matrix.shape == (sum(len(hit.passage.units) for hit in hits), len(FEATURES))
    assert np.isfinite(matrix).all()
    assert len({(unit.hit.passage.id, unit.row) for unit in ranked}) == len(ranked) == len(matrix)
    assert [unit.score for unit in ranked] == sorted((unit.score for unit in ranked), reverse=True)

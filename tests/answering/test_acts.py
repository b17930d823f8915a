"""What is done to a thing is understood, not only the thing: lost is not forgotten, renewed is not registered."""

from collections.abc import Callable
from datetime import date

import pytest

from bot import messages
from bot.answering.answer import ask
from bot.dialogue import Answer, Question, Status
from corpus.language.normalize import fold
from index.snapshot import Snapshot

Answers = Callable[[str], Answer]


@pytest.fixture
def answer(snapshot: Snapshot) -> Answers:
    return lambda text: ask(Question(text), snapshot, date(2026, 11, 28))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Quên mật khẩu VNeID thì làm thế nào?", "Quên mật khẩu"),
        ("Tài khoản VNeID của tôi bị khóa, mở lại thế nào?", "khóa"),
        ("Đổi điện thoại mới thì đăng nhập VNeID thế nào?", "máy mới"),
        ("Mất thẻ căn cước thì làm lại hết bao nhiêu tiền?", "bị mất"),
        ("Đăng ký tạm trú trên mạng ở đâu?", "tạm trú"),
        ("Bằng lái xe hết hạn thì đổi ở đâu?", "giấy phép lái xe"),
        ("Bị phạt nguội thì nộp tiền ở đâu?", "phạt"),
        ("Đăng ký vào lớp 1 trên mạng thế nào?", "lớp 1"),
        ("Tra cứu phường mới của nhà tôi ở đâu?", "phường"),
        ("Muốn khóa căn cước điện tử thì làm sao?", "khóa căn cước điện tử"),
    ],
)
def test_an_act_is_answered_by_what_is_said_of_it(answer: Answers, text: str, said: str) -> None:
    for spelled in (text, fold(text)):
        answered = answer(spelled)
        assert answered.status is Status.ANSWERED, spelled
        assert fold(said) in fold(answered.text), answered.text


@pytest.mark.parametrize("text", ["Đăng ký thi vào lớp 10 ở đâu?", "Làm thẻ nhà báo cần những gì?"])
def test_another_act_or_class_is_not_answered_as_if_it_were_the_same(answer: Answers, text: str) -> None:
    """It is refused, or at least said that this may not be what was asked."""
    answered = answer(text)
    assert answered.status is not Status.ANSWERED or messages.VIETNAMESE.doubtful in answered.text


@pytest.mark.parametrize("text", ["mất thẻ căn cước", "mất căn cước", "mất hộ chiếu", "mat the can cuoc"])
def test_who_has_lost_a_paper_and_asks_nothing_is_not_refused(answer: Answers, text: str) -> None:
    assert answer(text).status is Status.ANSWERED


def test_the_weather_is_off_topic_in_english_too(answer: Answers) -> None:
    for text in ("hanoi weather tomorrow?", "Ngày mai Hà Nội có mưa không?"):
        assert answer(text).status is Status.UNANSWERABLE_OFF_TOPIC

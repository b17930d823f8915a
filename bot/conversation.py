"""A follow-up understood from the questions before it: what is missing is carried over, and only then.

A question is a follow-up when it says so ("thế còn…", "nó", "văn bản đó") or has next to no words of its own.
"""

import re
from collections.abc import Sequence

from corpus.normalize import fold, words
from index.query import expand

TURNS = 5  # earlier questions that are looked at
LONGEST = 15  # words; a longer question brings its own subject

_THINGS = (
    "văn bản|kế hoạch|nghị quyết|quyết định|luật|báo cáo|chính sách|chương trình|đề án|ứng dụng|trung tâm|thủ tục"
    "|dịch vụ|số liệu|việc|điều|cái|con số|số|năm|ngày|tháng|người|ông|bà|nơi|chỗ|loại|mục|phần|phường|xã|sở|chuyện"
)
# With diacritics: "còn năm 2024", "nó", "văn bản đó". "con" is a child and "do" is "by", so text typed without
# diacritics is read more narrowly.
_SAYS_SO = re.compile(
    r"^(?:thế|vậy|còn|rồi|what about|how about|and)\b"
    r"|\bnó\b"
    rf"|\b(?:{_THINGS}) (?:đó|ấy|này)\b"
    r"|\b(?:ở|trên|trong|tại) (?:đó|đấy)\b"
    r"|\bvừa (?:nói|nêu|kể)\b"
    r"|\b(?:it|they|that one|this one)\b"
)
_SAYS_SO_BARE = re.compile(
    r"^(?:the con|vay con|the|vay|con) (?:nam|ngay|thang|quy|loai|phan|khu|o|thi|sao|ve)\b"
    r"|^no\b|\bno (?:o|la|co|gom|bao|do|thi)\b"
    rf"|\b(?:{fold(_THINGS)}) (?:do|ay)(?= (?!ai\b|ubnd\b|cong\b|so\b|thanh\b|bo\b|hdnd\b)|$|\?)"
    r"|\bvua (?:noi|neu|ke)\b"
)
_YEAR = re.compile(r"\b(?:năm |nam )?((?:19|20)\d{2})\b", re.IGNORECASE)
# Words that carry no subject: what is left of a follow-up when its subject stayed in the question before.
_EMPTY = frozenset(
    words(
        """a ạ ai anh ban bao bằng báo bắt bị biết các cách cái cần cho chị chính chưa có của cũng dạ đã đang đây
        đầu đấy để đến đi đó được em gì giờ giúp gọi gồm hả hành hay hiện hỏi hơn khi không ký là làm lúc mà mất
        mấy mình một muốn nào này nay nên nếu ngày nhất nhé nhì nhỉ nhiều như những nói ở phải phí ra rồi sao
        sau sẽ số tại tên thay thấy tháng thế thêm thì thực tiền tính tới tối đa tôi từ trong trước và vào vậy
        về vì với xem xếp xin xong năm"""
    )
)


def in_context(text: str, turns: Sequence[str]) -> str:
    """The question with the subject of the questions before it in front, when it lacks one of its own."""
    if not turns or not is_follow_up(text):
        return text
    subject = in_context(turns[-1], turns[-TURNS:-1])
    if _YEAR.search(text):
        subject = " ".join(_YEAR.sub("", subject).split())
    return f"{subject} {text}"


def is_follow_up(text: str) -> bool:
    """Whether a question leans on an earlier one, going by its own words alone."""
    plain = expand(text).strip().lower()
    spoken = words(plain)
    if len(spoken) > LONGEST:
        return False
    if (_SAYS_SO_BARE if plain.isascii() else _SAYS_SO).search(plain):
        return True
    return sum(word not in _EMPTY and not word.isdigit() for word in spoken) <= 1

"""A conversation: what is kept of it between two messages, and how a message is understood from it.

A question is a follow-up when it says so ("thế còn…", "nó", "văn bản đó") or has next to no words of its own; then
what it lacks is carried over from the questions before it, and only then. A number, or the words of a choice, pick
what was offered.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.answering.intent import intent
from bot.dialogue import Answer, Question, Status
from corpus.language.detect import syllables
from corpus.language.normalize import fold, words
from index.query import Query, parse

IDLE = timedelta(minutes=30)  # after which a conversation has ended
TURNS = 5  # earlier questions that are looked at
LONGEST = 15  # words; a longer question brings its own subject
SUBJECT = 300  # characters of an earlier question that are carried over

_THINGS = (
    "văn bản|kế hoạch|nghị quyết|quyết định|luật|báo cáo|chính sách|chương trình|đề án|ứng dụng|trung tâm|thủ tục"
    "|dịch vụ|số liệu|việc|điều|cái|con số|năm|ngày|tháng|người|ông|bà|nơi|chỗ|loại|mục|phần|phường|xã|chuyện"
    "|thông tin|trang|cổng|đợt|mức|quy định|hồ sơ|thẻ|cơ quan|đơn vị|chiến dịch|tổng đài|khoản|gói|vụ|bản|dự án|quỹ"
    "|hệ thống|nền tảng|danh sách|mục tiêu|chỉ tiêu|bảng|tuyến|giấy|điểm|tổ|khoá|khóa|cuộc|luật|phí|tiền"
)
_SORTS = (
    "văn bản|kế hoạch|nghị quyết|quyết định|luật|chỉ thị|nghị định|công văn|chính sách|chương trình|đề án|dự án"
    "|chiến lược|thủ tục|chỉ tiêu|chỉ số|chiến dịch"
)
_SORT = re.compile(rf"\b(?:{_SORTS}|{fold(_SORTS)})\b(?! (?:số |so )?\d)")
_SO = "thì (?:sao|thế nào|như thế nào)"
_THAT = re.compile(rf"\b({_THINGS}|số|sở) (?:đó|ấy|này|kia)\b")
_THAT_BARE = re.compile(
    rf"\b({fold(_THINGS)}) (?:do|ay|(?<!nam )(?<!ngay )(?<!thang )nay)"
    r"(?:$|\?| (?!(?:ubnd|cong (?:an|ty)|thanh|thi|co|don|dau|bo|hdnd)\b|ai\b(?! ky)|so [^mbnh]))"
)
_SAYS_SO = re.compile(
    r"^(?:thế|vậy|rồi)\b(?! (?:giới|chấp|hệ|nào))|^thế nào\W*$"
    r"|^còn\b(?! (?:bao nhiêu|mấy|thiếu|nợ|những))"
    r"|\bnó\b"
    r"|\b(?:ở|trên|trong|tại|từ|sau) (?:đó|đấy)\b"
    r"|\bvừa (?:nói|nêu|kể)\b"
    r"|^(?:what|how) about\b"
)
# Without diacritics "con" is a child, "do" is "by", "the" a card and "no" a debt, so they count in fewer places.
_SAYS_SO_BARE = re.compile(
    r"^the (?:con|thi)\b|^vay (?!tien|von|ngan hang|mua)"
    r"|^(?:the|vay|con) (?:nam|ngay|thang|quy|loai|phan|khu|o|sao|ve)\b(?! (?:thang|ao|xe|dien)\b)"
    rf"|^con (?:\S+ ){{0,5}}{fold(_SO)}|^con (?!toi|em|chau|minh|dau|so|duong)\S+(?: \S+)?\W*$"
    r"|^(?:gio )?con (?:gi|hieu luc|ap dung|han|duoc|dung|mien phi)\b"
    r"|^no (?:o|la|co|con|gom|bao gom|bao nhieu|do|thi|duoc|dung|lam|het|ra doi)\b|\bno (?:o dau|la gi|gom)\b"
    r"|\bvua (?:noi|neu|ke)\b"
)
_SAYS_SO_ENGLISH = re.compile(r"(?:^and|\bit|\bthey|\bthat one|\bthis one)\b(?! (?:\S+ ){4})")
# "doanh nghiệp thì sao?" is another case of what was asked; "bị lừa thì làm sao?" is not.
_OTHER_CASE = re.compile(rf"^(?!bị |quên |mất |lỡ |khi |nhận )(?:\S+ ){{1,4}}(?:{_SO}|{fold(_SO)})\b")
_YEAR = re.compile(r"(?<![\d/-])(?:năm |nam )?((?:19|20)\d{2}(?:\s?-\s?(?:19|20)\d{2})?)\b(?![/-])", re.IGNORECASE)
_DAY = re.compile(r"\d{1,2}")
_INSTEAD = re.compile(r"^(?:the |vay )?con ")
_CHOSEN = re.compile(
    r"(?:(?:chon|so|cau|cai|y|muc|thu|choose|number|option)\s*)*([1-9])[.)]?(?:\s*(?:nhe|nha|a|di|ah|nhe ban))*"
)
_WORD = re.compile(r"[^\W_]+")
# Words that carry no subject: what is left of a follow-up when its subject stayed in the question before.
_EMPTY = frozenset(
    _WORD.findall(
        """a ạ ad ai anh bạn bao bằng báo bắt biết các cách cái cần cho chị chính chưa có của cũng dạ đã đang đây
        đầu đấy để đến đi đó được em gì giờ giúp gọi gồm hả hành hay hiện hỏi hơn khi không ký là làm lúc mà mất
        mấy mình một muốn nào này nay nên nếu ngày nhất nhé nhì nhỉ nhiêu nhiều như những nó nói ở phải phí ra rồi sao
        sau sẽ số tại tên thay thấy tháng thế thêm thì thực tiền tính tới tối đa tôi từ trong trước và vào vậy
        về vì với xem xếp xin xong năm đâu ban lâu bước hạn hết trang trả rõ tăng giảm"""
    )
)
_EMPTY_BARE = frozenset(map(fold, _EMPTY))
_ENGLISH = frozenset(
    _WORD.findall("who what when where why how is are was were does did about and in much many it which")
)
_EMPTY_ENGLISH = _ENGLISH | frozenset(_WORD.findall("a an the for on at to of by any do can there long cost free"))
# Sides of a subject, and what is done with it.
_ASPECTS = (
    "giấy tờ|văn bản|địa chỉ|đường dẫn|ứng dụng|trang web|mở cửa|hiệu lực|áp dụng|cụ thể|chi tiết|ví dụ|tiếp theo"
    "|đơn vị|cơ quan|chủ trì|phụ trách|quản lý|lãnh đạo|phê duyệt|ban hành|công bố|thay thế|triển khai|thực hiện"
    "|hoạt động|vận hành|khai trương|khởi công|hoàn thành|bị phạt|hỗ trợ|liên hệ|đăng ký|hướng dẫn|mang theo|sử dụng"
    "|tham gia|bổ sung|miễn phí|lệ phí|kinh phí|điều kiện|đối tượng|thời gian|thời hạn|bây giờ|ban đêm|điện thoại"
    "|trụ sở|mục đích|mục tiêu|nội dung|thông tin|kết quả|ảnh hưởng|lợi ích|tỷ lệ|tỉ lệ|phần trăm|quy mô|diện tích"
)
_ASPECT = re.compile(rf"\b(?:{_ASPECTS}|{fold(_ASPECTS)})\b")
# Everything here is about Hanoi, so its name is no subject. With it, or in "… là gì", the least word is one.
_PLACE = re.compile(r"\b(?:hà nội|ha noi|thành phố|thanh pho)\b")
_DEFINES = re.compile(r"\b(?:là gì|la gi|thế nào là|the nao la)\b")
# These are subjects though their words are among those above.
_SUBJECTS = (
    r"(?:đề án|kế hoạch|nghị quyết|quyết định|chỉ thị|nghị định|luật|công văn|lớp)(?: số)? \d+"
    "|chữ ký|căn cước|sổ đỏ|học bạ|thẻ ảo|vé ảo|vé tháng|tiền mặt|chỉ số|vay tiền|vay vốn|thế chấp|nợ thuế"
)
_SUBJECT = re.compile(rf"\b(?:{_SUBJECTS}|{fold(_SUBJECTS)})\b")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The last questions, and of the last answer what it offered, whether that was to choose from, when, and its id."""

    turns: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    is_choice: bool = False
    last: datetime | None = None
    answer_id: str = ""


def understood(conversation: Conversation, text: str, now: datetime) -> Question:
    """A message as the question it stands for; one that comes late stands for itself."""
    if conversation.last is None or now - conversation.last > IDLE:
        return Question(text)
    if picked := _picked(conversation, text):
        return Question(picked, conversation.turns[:-1] if conversation.is_choice else conversation.turns)
    return Question(text, conversation.turns)


def continued(answer: Answer, now: datetime) -> Conversation:
    """The conversation after an answer."""
    turns = (*answer.question.turns, answer.question.text)[-TURNS:]
    is_choice = answer.status is Status.UNANSWERABLE_AMBIGUOUS
    return Conversation(turns, answer.suggestions, is_choice, now, answer.answer_id)


def _picked(conversation: Conversation, text: str) -> str | None:
    """What a number picks, or the words of one choice that no other has."""
    if found := _CHOSEN.fullmatch(fold(text).strip()):
        place = int(found[1]) - 1
        return conversation.offered[place] if 0 <= place < len(conversation.offered) else None
    said = set(words(text))
    if not conversation.is_choice or not said:
        return None
    fitting = [choice for choice in conversation.offered if said <= set(words(choice))]
    return fitting[0] if len(fitting) == 1 else None


def in_context(query: Query, turns: Sequence[str]) -> str:
    """The question with the subject of the questions before it in front, when it lacks one of its own."""
    return carried_over(query, turns) if turns and is_follow_up(query) else query.text


def carried_over(query: Query, turns: Sequence[str]) -> str:
    """The question with the subject of the questions before it in front."""
    if not turns:
        return query.text
    *earlier, last = turns[-TURNS:]
    before = parse(last)
    if not before.said or intent(before):
        return carried_over(query, earlier)
    subject = in_context(before, earlier)[:SUBJECT]
    if (named := _INSTEAD.sub("", query.bare)) != query.bare and not is_follow_up(parse(named)):
        subject = subject.rpartition(": ")[2]  # "thế còn Luật Chuyển đổi số?" after a choice: what it was about is gone
    if _YEAR.search(query.text):
        subject = " ".join(_YEAR.sub("", subject).split()).replace(" ?", "?")
    return f"{subject} {query.text}"


def lacks_subject(query: Query) -> bool:
    """Whether a question, alone, does not say what it is about, or only of which sort it is: "Luật có mấy điều?"."""
    typed = query.typed.lower()
    rest = _SORT.sub("", typed)
    return is_follow_up(query) or (rest != typed and is_follow_up(parse(rest)))


def sort_named(query: Query) -> str:
    """The sort of document that a question names without saying which one, folded; empty where it names none."""
    found = _SORT.search(query.typed.lower())
    return fold(found[0]) if found else ""


def is_follow_up(query: Query) -> bool:
    """Whether a question leans on an earlier one, going by its own words alone."""
    if query.typed.isupper() and len(query.said) < 3:
        return is_follow_up(parse(query.typed.lower()))  # "AI KÝ?" asks who, though AI is an abbreviation
    typed, plain = query.typed.lower(), query.expanded.lower()
    spoken = _WORD.findall(plain)
    if not 0 < len(spoken) <= LONGEST:
        return False
    if 2 * sum(word in _ENGLISH for word in spoken) >= len(spoken):
        return bool(_SAYS_SO_ENGLISH.search(plain)) or _own(spoken, _EMPTY_ENGLISH) == 0
    if _SAYS_SO.search(plain) or _OTHER_CASE.search(plain) or _points_back(_THAT, plain):
        return True
    if typed.isascii() and (_SAYS_SO_BARE.search(query.bare) or _points_back(_THAT_BARE, query.bare)):
        return True
    if _SUBJECT.search(plain):
        return False
    most = 0 if _PLACE.search(plain) or _DEFINES.search(plain) else 1
    rest = _WORD.findall(_ASPECT.sub("", _PLACE.sub("", plain)))
    marked = sum(-1 if word.isascii() else 1 for word in _WORD.findall(typed)) >= 0
    return (_own(rest, _EMPTY) if marked else _own(list(map(fold, rest)), _EMPTY_BARE)) <= most


def _points_back(that: re.Pattern[str], plain: str) -> bool:
    """Whether "văn bản đó" stands there, and no "văn bản" before it."""
    found = that.search(plain)
    return found is not None and found[1] not in plain[: found.start()]


def _own(spoken: Sequence[str], empty: Set[str]) -> int:
    """How many words carry a subject; a name, like "ihanoi", "5g" and "1022", counts for two."""
    own = [word for word in spoken if word not in empty and not _YEAR.fullmatch(word) and not _DAY.fullmatch(word)]
    return sum(1 if fold(word) in syllables() else 2 for word in own)

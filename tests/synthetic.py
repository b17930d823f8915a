"""Vietnamese legal texts made by chance: decisions, plans and fee tables of some 50 passages, to measure size with.

They have the forms of the real ones (Chương, Điều, Khoản, Điểm, tables, dates, numbers, names of xã and phường) and are
all distinct. Nothing in them is true. The same number always gives the same document.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from corpus.language.spelling import EVERYDAY


def _listed(text: str) -> list[str]:
    return " ".join(text.split()).split(", ")


PLACES = _listed(
    """
    Hoàn Kiếm, Cửa Nam, Ba Đình, Ngọc Hà, Giảng Võ, Hai Bà Trưng, Vĩnh Tuy, Bạch Mai, Đống Đa, Kim Liên, Láng, Ô Chợ
    Dừa, Hồng Hà, Lĩnh Nam, Hoàng Mai, Vĩnh Hưng, Tương Mai, Định Công, Hoàng Liệt, Yên Sở, Thanh Xuân, Khương Đình,
    Cầu Giấy, Nghĩa Đô, Yên Hòa, Tây Hồ, Phú Thượng, Tây Tựu, Phú Diễn, Xuân Đỉnh, Đông Ngạc, Từ Liêm, Đại Mỗ, Long
    Biên, Bồ Đề, Việt Hưng, Phúc Lợi, Hà Đông, Dương Nội, Yên Nghĩa, Phú Lương, Kiến Hưng, Thanh Trì, Đại Thanh, Nam
    Phù, Ngọc Hồi, Thượng Phúc, Thường Tín, Chương Dương, Phú Xuyên, Phượng Dực, Chuyên Mỹ, Thanh Oai, Bình Minh,
    Tam Hưng, Dân Hòa, Vân Đình, Ứng Thiên, Hòa Xá, Mỹ Đức, Hương Sơn, Chương Mỹ, Phú Nghĩa, Xuân Mai, Sơn Tây, Tùng
    Thiện, Đoài Phương, Quảng Oai, Ba Vì, Suối Hai, Thạch Thất, Hòa Lạc, Quốc Oai, Hoài Đức, Đan Phượng, Mê Linh,
    Sóc Sơn, Đông Anh, Gia Lâm
    """
)
BODIES = _listed(
    """
    Sở Khoa học và Công nghệ, Sở Nội vụ, Sở Tài chính, Sở Y tế, Sở Giáo dục và Đào tạo, Sở Xây dựng, Sở Tư pháp,
    Công an Thành phố, Văn phòng Ủy ban nhân dân Thành phố, Trung tâm Phục vụ hành chính công Thành phố
    """
)
ACTS = _listed(
    """
    tiếp nhận, thẩm định, công khai, cập nhật, số hóa, kết nối, chia sẻ, lưu trữ, rà soát, đối soát, kiểm tra, hướng
    dẫn, niêm yết, phê duyệt, báo cáo, đánh giá
    """
)
THINGS = _listed(
    """
    hồ sơ cấp giấy phép xây dựng, dữ liệu dân cư, kết quả giải quyết thủ tục hành chính, biên lai điện tử, hồ sơ sức
    khỏe, giấy khai sinh, giấy chứng nhận quyền sử dụng đất, đăng ký hộ kinh doanh, phản ánh của người dân, chứng
    thực bản sao, dữ liệu chiếu sáng công cộng, học bạ số, chữ ký số cá nhân, tài khoản định danh, hạ tầng mạng nội
    bộ, camera giao thông, phiếu lý lịch tư pháp, hỗ trợ người cao tuổi, cấp đổi giấy phép lái xe, trạm phát sóng
    """
)
MANNERS = _listed(
    """
    trên Cổng Dịch vụ công quốc gia, qua ứng dụng iHanoi, tại bộ phận một cửa, bằng văn bản điện tử, theo thời gian
    thực, đúng thẩm quyền, không thu bản giấy, qua bưu chính công ích, trên nền tảng dùng chung, bằng mã QR
    """
)
AIMS = _listed(
    """
    giảm thời gian chờ của người dân, bảo đảm an toàn thông tin, không yêu cầu nộp lại giấy tờ đã có, công khai tiến
    độ, phục vụ chỉ đạo điều hành, tiết kiệm chi phí đi lại, nâng cao mức độ hài lòng, thống nhất dữ liệu giữa các
    cấp
    """
)
KINDS = (("quyết định", "QĐ-UBND", "Quyết định"), ("kế hoạch", "KH-UBND", "Kế hoạch"))
WORDS = sorted(set(re.findall(r"[^\W\d_]+", EVERYDAY.read_text("utf-8").lower())))  # what projects are called by
HEADERS = "| STT | Nội dung | Mức thu | Thời hạn |\n| --- | --- | --- | --- |"
ARTICLES, ROWS = 9, 14
PASSAGES = 51.4  # of a document, on average


def document_id(number: int) -> str:
    return f"van-ban-{number:06}"


def write(folder: Path, number: int, version: int = 0) -> None:
    """Write one document, and its sample questions; another version of it differs in one sentence and its questions."""
    chance = random.Random(number)
    kind, suffix, name = chance.choice(KINDS)
    place, thing = chance.choice(PLACES), chance.choice(THINGS)
    day = f"{chance.randint(2019, 2026)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    title = f"{name} số {number + 1}/{suffix} về {chance.choice(ACTS)} {thing} tại phường {place}"
    front = (
        f'id: {document_id(number)}\ntitle: "{title}"\nissuer: "UBND thành phố Hà Nội"\n'
        f'number: "{number + 1}/{suffix}"\n'
        f'doc_type: "{kind}"\nissued: "{day}"\nas_of: "{day}"\nstatus: "còn hiệu lực"\nsupersedes: []\n'
        f'superseded_by: []\nsources:\n  - n: 1\n    title: "{title}"\n    url: "https://vanban.example.vn/{number}"\n'
        f'    publisher: "Công báo"\n    date: "{day}"\n'
    )
    fixed = f"Văn bản số {number + 1} bản {version} do {chance.choice(BODIES)} theo dõi việc {thing}."
    body = "\n\n".join(_body(chance, number, fixed))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{document_id(number)}.md").write_text(f"---\n{front}---\n\n# {title}\n\n{body}\n", "utf-8")
    questions = folder / "questions"
    questions.mkdir(exist_ok=True)
    (questions / f"{document_id(number)}.yaml").write_text(
        f'- answered_by: "{fixed}"\n  questions: ["Cơ quan nào theo dõi việc {thing} theo văn bản số {number + 1}?"]\n',
        "utf-8",
    )


def questions(count: int) -> Iterator[str]:
    """What may be asked of the documents, half of it without diacritics."""
    chance = random.Random(7)
    for number in range(count):
        act, thing, place = chance.choice(ACTS), chance.choice(THINGS), chance.choice(PLACES)
        asked = chance.choice(
            (
                f"{chance.choice(BODIES)} {act} {thing} ở {place} khi nào?",
                f"mức thu khi {act} {thing} tại phường {place} là bao nhiêu",
                f"thời hạn {act} {thing} {chance.choice(MANNERS)}",
            )
        )
        yield asked if number % 2 else asked.translate(_BARE)


def _body(chance: random.Random, number: int, fixed: str) -> Iterator[str]:
    yield f"## Căn cứ\n\nCăn cứ Luật Tổ chức chính quyền địa phương. {_sentence(chance)} {fixed}"
    for article in range(1, ARTICLES + 1):
        if article % 3 == 1:
            yield f"Chương {'I' * (article // 3 + 1)}\n{chance.choice(THINGS).upper()}"
        yield f"Điều {article}. {chance.choice(ACTS).capitalize()} {chance.choice(THINGS)}"
        for clause in range(1, chance.randint(4, 6)):
            points = "\n".join(f"{letter}) {_sentence(chance)}" for letter in "abcd"[: chance.choice((0, 0, 2, 3, 4))])
            text = f"{clause}. {_sentence(chance)} {_sentence(chance)}"
            yield f"{text.removesuffix('.')}:\n{points}" if points else text
    rows = "\n".join(
        f"| {row} | {chance.choice(ACTS).capitalize()} {chance.choice(THINGS)} tại {chance.choice(PLACES)} "
        f"| {chance.randint(1, 900)}.000 đồng | {chance.randint(1, 45)} ngày |"
        for row in range(1, ROWS + 1)
    )
    yield f"## Phụ lục {number + 1}: mức thu\n\n{HEADERS}\n{rows}"


def _sentence(chance: random.Random) -> str:
    start = chance.choice(
        (
            f"{chance.choice(BODIES)} {chance.choice(ACTS)}",
            f"Ủy ban nhân dân phường {chance.choice(PLACES)} {chance.choice(ACTS)}",
            f"Trong {chance.randint(2, 45)} ngày làm việc, {chance.choice(BODIES)} {chance.choice(ACTS)}",
            f"Từ ngày {chance.randint(1, 28)}/{chance.randint(1, 12)}/{chance.randint(2020, 2027)}, "
            f"phường {chance.choice(PLACES)} {chance.choice(ACTS)}",
        )
    )
    end = chance.choice(
        (
            f"nhằm {chance.choice(AIMS)}",
            f"đạt {chance.randint(40, 100)},{chance.randint(0, 9)}% số hồ sơ, {chance.choice(AIMS)}",
            f"với kinh phí {chance.randint(1, 999)}.{chance.randint(0, 999):03} triệu đồng",
            f"theo Nghị quyết số {chance.randint(1, 99)}/NQ-HĐND, {chance.choice(AIMS)}",
        )
    )
    project = " ".join(chance.sample(WORDS, 3)).capitalize()
    return f"{start} {chance.choice(THINGS)} thuộc dự án {project} {chance.choice(MANNERS)} {end}."


_BARE = str.maketrans(
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđĐ",
    "aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyydD",
)

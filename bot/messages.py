"""Every sentence the bot says in its own voice. Polite, plain Vietnamese; quotes from documents are not here."""

from corpus.document import Entry

EMPTY_QUESTION = "Anh/chị vui lòng nhập câu hỏi về chuyển đổi số của Hà Nội, ví dụ: “Nộp hồ sơ trực tuyến ở đâu?”."
INTERNAL_ERROR = (
    "Xin lỗi anh/chị, hệ thống đang gặp trục trặc nên chưa trả lời được. Anh/chị vui lòng hỏi lại sau ít phút."
)

# --- Small talk and what we do not do; the names are those of bot/intents.yaml --------------------------------------

SMALL_TALK = {
    "greeting": (
        "Chào anh/chị! Tôi trả lời câu hỏi về chuyển đổi số của Hà Nội: dịch vụ công trực tuyến, iHanoi, VNeID, "
        "các kế hoạch và số liệu của Thành phố. Anh/chị muốn hỏi gì ạ?"
    ),
    "thanks": "Không có gì ạ, rất vui được giúp anh/chị. Cần hỏi thêm, anh/chị cứ nhắn tôi.",
    "goodbye": "Tạm biệt anh/chị, chúc anh/chị một ngày tốt lành!",
    "who": (
        "Tôi là trợ lý tự động trả lời về chuyển đổi số của Hà Nội. Mỗi câu trả lời đều trích từ tài liệu, "
        "có ghi nguồn và ngày."
    ),
    "human": "Tôi là máy trả lời tự động, không phải người thật. Tôi trích câu trả lời từ tài liệu và luôn ghi nguồn.",
    "ability": (
        "Anh/chị có thể hỏi tôi cách nộp hồ sơ trực tuyến, phí và hỗ trợ, iHanoi, VNeID, chữ ký số, xã phường mới, "
        "các kế hoạch, mục tiêu, xếp hạng chuyển đổi số của Hà Nội. Ví dụ: “Hà Nội có bao nhiêu xã, phường?”."
    ),
    "how_are_you": "Cảm ơn anh/chị đã hỏi thăm, tôi luôn sẵn sàng. Anh/chị cần hỏi gì về chuyển đổi số của Hà Nội ạ?",
    "acknowledge": "Vâng ạ. Anh/chị cần hỏi thêm gì, cứ nhắn tôi.",
}
REFUSED = {
    "injection": "Tôi chỉ trả lời theo tài liệu, có nguồn, nên không thể làm theo yêu cầu này.",
    "forgery": (
        "Tôi không thể giúp việc này vì có thể vi phạm pháp luật. "
        "Nếu cần làm thủ tục đúng quy định, tôi sẵn sàng hướng dẫn."
    ),
    "personal_data": (
        "Tôi không cung cấp thông tin riêng của người khác. Anh/chị vui lòng liên hệ cơ quan có thẩm quyền."
    ),
    "abuse": "Tôi mong chúng ta trao đổi lịch sự. Tôi sẵn sàng giúp nếu anh/chị hỏi về chuyển đổi số của Hà Nội.",
    "politics": "Tôi không bàn về nội dung này. Tôi chỉ trả lời về chuyển đổi số và dịch vụ công của Hà Nội.",
}

# --- When the documents do not say ----------------------------------------------------------------------------------

OFF_TOPIC = (
    "Câu hỏi này nằm ngoài phạm vi của tôi. Tôi chỉ trả lời về chuyển đổi số của Hà Nội, "
    "như dịch vụ công trực tuyến, iHanoi, VNeID."
)
ELSEWHERE = "Tôi chỉ có tài liệu về Hà Nội, không có thông tin này về {what}."
NOT_SAID = "Tài liệu tôi có không nêu thông tin này."
NOT_SAID_OF = "Tài liệu tôi có không nêu thông tin này về “{what}”."
NOT_SAID_OF_YEAR = "Tài liệu tôi có không nêu thông tin này của năm {what}."
NEAREST = "Thông tin gần nhất tôi có:"
HOTLINE = "Anh/chị có thể hỏi thêm tại:"

# --- Dates ----------------------------------------------------------------------------------------------------------

_STATUS = {"hết hiệu lực": "đã hết hiệu lực", "được thay thế": "đã được thay thế"}


def date(partial: str) -> str:
    """A date as far as it is known: "2025-07-01" -> "1/7/2025", "2025-07" -> "7/2025"."""
    return "/".join(str(int(part)) for part in reversed(partial.split("-")))


def dated(entry: Entry) -> str:
    """When a document's facts were true, and whether it is still in force or has partly been superseded."""
    status = _STATUS.get(entry.status) or ("có phần đã cũ" if entry.superseded_by else "")
    return "; ".join(filter(None, (status, f"tính đến {date(entry.as_of)}")))


# --- How a source is listed, on every channel ---------------------------------------------------------------------

SOURCES = "Nguồn:"
SOURCE_NUMBER = "số {number}"
SOURCE_ISSUED = "ban hành {date}"
SOURCE_AS_OF = "thông tin đến {date}"
SUGGESTIONS = "Anh/chị có thể hỏi tiếp:"

# --- `hanoidx ask --jsonl`: a line that cannot be read as a question ----------------------------------------------

LINE_NOT_UTF8 = "Dòng này có ký tự không đúng mã UTF-8 nên tôi không đọc được câu hỏi."
LINE_NOT_JSON = "Dòng này không phải là một đối tượng JSON nên tôi không đọc được câu hỏi."
LINE_BAD_ID = "Trong dòng này, “id” phải là một chuỗi ký tự hoặc một số nguyên."
LINE_NO_QUESTION = "Dòng này không có “question”, hoặc “question” không phải là một chuỗi ký tự."
LINE_BAD_TURNS = "Trong dòng này, “turns” phải là danh sách các câu hỏi trước, mỗi câu là một chuỗi ký tự."

# --- The REPL -----------------------------------------------------------------------------------------------------

REPL_WELCOME = (
    "Chào anh/chị! Tôi trả lời câu hỏi về chuyển đổi số của Hà Nội, mỗi ý đều kèm nguồn.\n"
    "Anh/chị gõ câu hỏi rồi nhấn Enter; gõ /tro_giup để xem các lệnh, /thoat hoặc Ctrl-D để thoát."
)
REPL_PROMPT = "Anh/chị hỏi: "
REPL_GOODBYE = "Tạm biệt anh/chị!"
REPL_HOW_TO_LEAVE = "Nếu muốn thoát, anh/chị nhấn Ctrl-D hoặc gõ /thoat."
REPL_UNKNOWN_COMMAND = "Tôi không có lệnh {command}. Anh/chị gõ /tro_giup để xem các lệnh."
REPL_NOTHING_ASKED = "Anh/chị chưa hỏi câu nào trong cuộc trò chuyện này."
REPL_NO_SOURCES = "Câu trả lời vừa rồi không trích nguồn nào."
REPL_NO_SUCH_SOURCE = "Câu trả lời vừa rồi có {count} nguồn. Anh/chị gõ số của nguồn sau /nguon, ví dụ: /nguon 1."
REPL_NO_HITS = "Với câu vừa rồi, tôi không tìm trong tài liệu."
REPL_NEW_CONVERSATION = "Tôi đã bắt đầu cuộc trò chuyện mới, những câu hỏi trước không còn được dùng đến."
REPL_HELP = "Anh/chị gõ câu hỏi, có dấu hay không dấu đều được. Ngoài ra có các lệnh:"
REPL_HELP_SOURCES = "liệt kê nguồn của câu trả lời vừa rồi; /nguon 1 cho xem nguyên văn đoạn trích số 1"
REPL_HELP_WHY = "cho xem các đoạn đã tìm thấy, điểm của từng đoạn và thời gian xử lý"
REPL_HELP_SNAPSHOT = "cho biết tôi đang dùng bản dữ liệu nào"
REPL_HELP_NEW = "bắt đầu cuộc trò chuyện mới"
REPL_HELP_HELP = "hiện phần trợ giúp này"
REPL_HELP_LEAVE = "thoát"
REPL_HELP_SUGGESTIONS = "Khi có câu gợi ý, anh/chị gõ số của câu để hỏi câu đó."

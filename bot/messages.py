"""Every sentence the bot says in its own voice. Polite, plain Vietnamese; quotes from documents are not here."""

EMPTY_QUESTION = "Anh/chị vui lòng nhập câu hỏi về chuyển đổi số của Hà Nội, ví dụ: “Nộp hồ sơ trực tuyến ở đâu?”."
NO_PASSAGE = "Xin lỗi anh/chị, tài liệu tôi có không nêu thông tin này."
INTERNAL_ERROR = (
    "Xin lỗi anh/chị, hệ thống đang gặp trục trặc nên chưa trả lời được. Anh/chị vui lòng hỏi lại sau ít phút."
)

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
REPL_NO_SUCH_SOURCE = "Câu trả lời vừa rồi có {count} nguồn. Anh/chị gõ /nguon và một số từ 1 đến {count}."
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

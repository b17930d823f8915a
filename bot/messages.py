"""Every sentence the bot says in its own voice. Polite, plain Vietnamese; quotes from documents are not here."""

EMPTY_QUESTION = "Anh/chị vui lòng nhập câu hỏi về chuyển đổi số của Hà Nội, ví dụ: “Nộp hồ sơ trực tuyến ở đâu?”."
NO_PASSAGE = "Xin lỗi anh/chị, tài liệu tôi có không nêu thông tin này."
INTERNAL_ERROR = (
    "Xin lỗi anh/chị, hệ thống đang gặp trục trặc nên chưa trả lời được. Anh/chị vui lòng hỏi lại sau ít phút."
)

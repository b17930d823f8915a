"""Every sentence the bot says in its own voice. Polite, plain Vietnamese; quotes from documents are not here."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from corpus.document import Entry

HANOI = datetime.timezone(datetime.timedelta(hours=7))  # no summer time, so no time zone database is needed


@dataclass(frozen=True, slots=True)
class Voice:
    """Every sentence that may stand in or around an answer, in one language. What is quoted stays Vietnamese."""

    empty_question: str
    internal_error: str
    small_talk: Mapping[str, str]  # by the names of bot/answering/intents.yaml, like `refused`
    refused: Mapping[str, str]
    danger: Mapping[str, str]  # by the kinds of bot/answering/danger.yaml: what stands above whom to call
    danger_calls: str  # whom, where the emergency sheet is not at hand
    off_topic: str
    elsewhere: str
    not_said: str
    not_said_of: str
    not_said_of_year: str
    nearest: str
    hotline: str
    doubtful: str
    which: str
    before: str  # above what is no longer so, with the date of its document
    now: str  # above what is newer than the year that was asked for
    as_of: str
    expired: str
    status: Mapping[str, str]  # by the catalogue's words
    partly_old: str
    drafted: str
    targeted: str
    planned: str
    sources: str
    source_number: str
    source_issued: str
    source_as_of: str
    suggestions: str

    def dated(self, entry: Entry, today: datetime.date) -> str:
        return "; ".join(filter(None, (self.standing(entry, today), self.known(entry))))

    def known(self, entry: Entry) -> str:
        """When a document's facts were true."""
        return self.as_of.format(date=date(entry.as_of))

    def standing(self, entry: Entry, today: datetime.date) -> str:
        """Whether a document has lapsed, been replaced, or been overtaken in part; empty where it holds."""
        if status := self.status.get(entry.status):
            return status
        if entry.expires and entry.has_expired(today):
            return self.expired.format(date=date(entry.expires))
        return self.partly_old if entry.superseded_by else ""


def date(partial: str) -> str:
    """A date as far as it is known: "2025-07-01" -> "1/7/2025", "2025-07" -> "7/2025"."""
    return "/".join(str(int(part)) for part in reversed(partial.split("-")))


VIETNAMESE = Voice(
    empty_question="Anh/chị vui lòng nhập câu hỏi về chuyển đổi số của Hà Nội, ví dụ: “Nộp hồ sơ trực tuyến ở đâu?”.",
    internal_error=(
        "Xin lỗi anh/chị, hệ thống đang gặp trục trặc nên chưa trả lời được. Anh/chị vui lòng hỏi lại sau ít phút."
    ),
    small_talk={
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
        "human": (
            "Tôi là máy trả lời tự động, không phải người thật. Tôi trích câu trả lời từ tài liệu và luôn ghi nguồn."
        ),
        "ability": (
            "Anh/chị có thể hỏi tôi cách nộp hồ sơ trực tuyến, phí và hỗ trợ, iHanoi, VNeID, chữ ký số, xã phường mới, "
            "các kế hoạch, mục tiêu, xếp hạng chuyển đổi số của Hà Nội. Ví dụ: “Hà Nội có bao nhiêu xã, phường?”."
        ),
        "how_are_you": (
            "Cảm ơn anh/chị đã hỏi thăm, tôi luôn sẵn sàng. Anh/chị cần hỏi gì về chuyển đổi số của Hà Nội ạ?"
        ),
        "acknowledge": "Vâng ạ. Anh/chị cần hỏi thêm gì, cứ nhắn tôi.",
    },
    refused={
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
    },
    danger={
        "self_harm": (
            "Cảm ơn anh/chị đã nói ra; tôi rất lo, và không ai phải chịu nỗi đau này một mình. "
            "Anh/chị hãy nhờ một người thân đến bên cạnh ngay bây giờ, và gọi:"
        ),
        "violence": (
            "Tôi rất lo cho anh/chị; không ai đáng bị đối xử như vậy. "
            "Nếu được, hãy đến chỗ an toàn, có người bên cạnh, và gọi ngay:"
        ),
        "child": (
            "Cảm ơn anh/chị, cảm ơn cháu đã nói ra; trẻ em không bao giờ có lỗi trong chuyện này. "
            "Hãy đến chỗ an toàn, ở cạnh người lớn mà mình tin, và gọi ngay:"
        ),
        "medical": (
            "Tôi hiểu anh/chị đang rất lo; đây có thể là cấp cứu, xin đừng chờ thêm. "
            "Hãy giữ người bệnh ở chỗ thoáng, luôn có người bên cạnh, và gọi ngay:"
        ),
        "fire": (
            "Tôi rất lo cho mọi người ở đó: ra chỗ thoáng ngay nếu ra được, đừng quay lại lấy đồ, "
            "có mùi gas thì đừng bật tắt điện. Ở chỗ an toàn rồi, hay đang mắc kẹt, xin gọi ngay:"
        ),
        "accident": (
            "Tôi rất lo cho người bị nạn; chỉ đến gần khi chỗ đó đã an toàn (điện đã ngắt, xe đã dừng). "
            "Xin đừng tự di chuyển người bị thương nặng, và gọi ngay:"
        ),
        "fraud": (
            "Tôi hiểu anh/chị đang rất lo; kẻ gian rất tinh vi, và anh/chị không có lỗi. "
            "Làm những việc dưới đây càng sớm, càng có cơ hội giữ lại tiền và tài khoản:"
        ),
        "threat": (
            "Tôi thấy anh/chị đang rất giận, nhưng tôi không thể giúp làm hại ai. "
            "Xin dừng lại, rời khỏi chỗ đó và nói chuyện với người mình tin; nếu có ai đang gặp nguy hiểm:"
        ),
    },
    danger_calls="Công an: 113. Cứu hỏa, cứu nạn: 114. Cấp cứu y tế: 115.",
    off_topic=(
        "Câu hỏi này nằm ngoài phạm vi của tôi. Tôi chỉ trả lời về chuyển đổi số của Hà Nội, "
        "như dịch vụ công trực tuyến, iHanoi, VNeID."
    ),
    elsewhere="Tôi chỉ có tài liệu về Hà Nội, không có thông tin này về {what}.",
    not_said="Tài liệu tôi có không nêu thông tin này.",
    not_said_of="Tài liệu tôi có không nêu thông tin này về “{what}”.",
    not_said_of_year="Tài liệu tôi có không nêu thông tin này của năm {what}.",
    nearest="Thông tin gần nhất tôi có:",
    hotline="Anh/chị có thể hỏi thêm tại:",
    doubtful="Có thể đây chưa đúng điều anh/chị hỏi. Anh/chị có thể hỏi thêm tại:",
    which="Anh/chị muốn hỏi về nội dung nào? Vui lòng nhắn số hoặc tên:",
    before="Trước đây ({date}):",
    now="Mới hơn:",
    as_of="tính đến {date}",
    expired="đã hết hạn ngày {date}",
    status={"hết hiệu lực": "đã hết hiệu lực", "được thay thế": "đã được thay thế"},
    partly_old="có phần đã cũ",
    drafted="theo dự thảo",
    targeted="mục tiêu",
    planned="theo kế hoạch",
    sources="Nguồn:",
    source_number="số {number}",
    source_issued="ban hành {date}",
    source_as_of="thông tin đến {date}",
    suggestions="Anh/chị có thể hỏi tiếp:",
)

# What a unit of the emergency sheet is, by how it begins, for who reads no Vietnamese; its numbers follow.
DANGER_LEADS = {
    "Công an": "Police (free, day and night)",
    "Bạo lực gia đình": "Domestic violence, Peace House hotline",
    "Cứu hỏa, cứu nạn": "Fire and rescue (free, day and night)",
    "Cấp cứu y tế": "Ambulance",
    "Bảo vệ trẻ em": "Child helpline (free, day and night)",
    "Hỗ trợ tâm lý": "Ngày Mai, psychological helpline (afternoons and evenings, Wednesday to Sunday)",
    "Dừng lại": "Stop: send no more money, read out no more codes, install nothing more",
    "Ngân hàng": "Call your bank at once (number on the back of your card) and have the account locked",
    "Bằng chứng": "Keep the messages, their phone and account numbers, and your receipts",
    "Trình báo": "Report it to the police",
    "Báo số lừa đảo": "Report the caller's number",
}

ENGLISH = Voice(
    empty_question="Please type a question about Hanoi's digital transformation, such as “Where do I file online?”.",
    internal_error="Sorry, something went wrong and I could not answer. Please ask again in a few minutes.",
    small_talk={
        "greeting": (
            "Hello! I answer questions about Hanoi's digital transformation: online public services, iHanoi, VNeID, "
            "the city's plans and figures. What would you like to know?"
        ),
        "thanks": "You are welcome. Just write if you have another question.",
        "goodbye": "Goodbye, and have a good day!",
        "who": (
            "I am an automatic assistant on Hanoi's digital transformation. "
            "Every answer is quoted from documents, with its source and date."
        ),
        "human": "I am a program, not a person. I quote my answers from documents and always name the source.",
        "ability": (
            "You can ask me how to file documents online, about fees and support, iHanoi, VNeID, digital signatures, "
            "the new wards and communes, and Hanoi's plans, targets and rankings in digital transformation."
        ),
        "how_are_you": "Thank you for asking, I am ready to help. What would you like to know?",
        "acknowledge": "All right. Just write if you have another question.",
    },
    refused={
        "injection": "I only answer from documents, with their sources, so I cannot do that.",
        "forgery": "I cannot help with that, because it may be against the law. I can explain the proper procedure.",
        "personal_data": "I do not give out other people's personal information. Please ask the competent authority.",
        "abuse": "Let us keep this polite. I am glad to help with questions about Hanoi's digital transformation.",
        "politics": "I do not discuss this. I only answer about Hanoi's digital transformation and public services.",
    },
    danger={
        "self_harm": (
            "Thank you for telling me; I am worried about your safety, and nobody has to bear such pain alone. "
            "Please ask someone close to come and stay with you now, and call:"
        ),
        "violence": (
            "I am worried about you; nobody deserves to be treated like this. "
            "If you can, go where it is safe and other people are, and call now:"
        ),
        "child": (
            "Thank you for speaking up; a child is never to blame for this. "
            "Please get to a safe place with an adult you trust, and call now:"
        ),
        "medical": (
            "I understand how worried you are; this may be an emergency, so please do not wait. "
            "Keep the person in fresh air, do not leave them alone, and call now:"
        ),
        "fire": (
            "I am worried about all of you: get out into the open if you can, do not go back for things, "
            "and if you smell gas touch no switches. Once you are safe, or if you are trapped, call now:"
        ),
        "accident": (
            "I am worried about whoever is hurt; go near only once it is safe (power off, traffic stopped). "
            "Please do not move anyone who is badly injured, and call now:"
        ),
        "fraud": (
            "I understand how worried you are; these people are skilled, and it is not your fault. "
            "If you do these things at once, there is still a chance for your money and accounts:"
        ),
        "threat": (
            "I can see that you are very angry, but I cannot help with hurting anyone. "
            "Please stop, walk away and talk to someone you trust; if anyone is in danger:"
        ),
    },
    danger_calls="Police: 113. Fire and rescue: 114. Ambulance: 115.",
    off_topic=(
        "This is outside what I can answer. I only know about Hanoi's digital transformation, "
        "such as online public services, iHanoi and VNeID."
    ),
    elsewhere="I only have documents about Hanoi; they do not cover this for {what}.",
    not_said="The documents I have do not say this.",
    not_said_of="The documents I have do not say this about “{what}”.",
    not_said_of_year="The documents I have do not say this for {what}.",
    nearest="The nearest information I have (in Vietnamese):",
    hotline="You can ask here (in Vietnamese):",
    doubtful="This may not be exactly what you asked. You can also ask:",
    which="Which of these do you mean? Please send its number or name:",
    before="Earlier ({date}):",
    now="More recent:",
    as_of="as of {date}",
    expired="expired on {date}",
    status={"hết hiệu lực": "no longer in force", "được thay thế": "replaced"},
    partly_old="partly out of date",
    drafted="draft",
    targeted="target",
    planned="planned",
    sources="Sources:",
    source_number="no. {number}",
    source_issued="issued {date}",
    source_as_of="information up to {date}",
    suggestions="You could also ask:",
)

# To open a conversation with; what a corpus does not answer is not offered (bot/answering/candidates.py).
FIRST_QUESTIONS = ("Nộp hồ sơ trực tuyến ở đâu?", "Làm thủ tục qua mạng có mất phí không?", "iHanoi dùng để làm gì?")

# The one sentence that we have in other languages: what we can do there.
_QUOTED_IN_VIETNAMESE = {
    "zh": "以下内容摘自越南语文件：",
    "ko": "다음은 베트남어 문서에서 인용한 내용입니다:",
    "ja": "以下はベトナム語の文書からの引用です。",
    "fr": "Voici ce que disent les documents, en vietnamien :",
}
_QUOTED_IN_VIETNAMESE_ELSEWHERE = "Here is what the documents say, in Vietnamese:"
_NOT_IN_THIS_LANGUAGE = {
    "zh": "抱歉，我的文件中没有找到答案。请用越南语或英语提问。",
    "ko": "죄송합니다. 문서에서 답을 찾지 못했습니다. 베트남어나 영어로 질문해 주세요.",
    "ja": "申し訳ありませんが、文書の中に答えが見つかりませんでした。ベトナム語か英語でお尋ねください。",
    "fr": "Désolé, je n'ai pas trouvé de réponse dans mes documents. Veuillez demander en vietnamien ou en anglais.",
}
_NOT_IN_THIS_LANGUAGE_ELSEWHERE = "Sorry, I found no answer in my documents. Please ask in Vietnamese or in English."


def opening(language: str) -> str:
    """The line above quotes, for a person who may not read Vietnamese; none where the voice itself says enough."""
    return "" if language in ("vi", "en") else _QUOTED_IN_VIETNAMESE.get(language, _QUOTED_IN_VIETNAMESE_ELSEWHERE)


def not_in_this(language: str) -> str:
    return _NOT_IN_THIS_LANGUAGE.get(language, _NOT_IN_THIS_LANGUAGE_ELSEWHERE)


def voice(language: str) -> Voice:
    """English for every language but Vietnamese."""
    return VIETNAMESE if language == "vi" else ENGLISH


# --- `hanoidx ask --jsonl`: a line that cannot be read as a question ----------------------------------------------

LINE_NOT_UTF8 = "Dòng này có ký tự không đúng mã UTF-8 nên tôi không đọc được câu hỏi."
LINE_NOT_JSON = "Dòng này không phải là một đối tượng JSON nên tôi không đọc được câu hỏi."
LINE_BAD_ID = "Trong dòng này, “id” phải là một chuỗi ký tự hoặc một số nguyên."
LINE_NO_QUESTION = "Dòng này không có “question”, hoặc “question” không phải là một chuỗi ký tự."
LINE_BAD_TURNS = "Trong dòng này, “turns” phải là danh sách các câu hỏi trước, mỗi câu là một chuỗi ký tự."

# --- A new snapshot beside the active one --------------------------------------------------------------------------

GATE_WRONG = "Câu mẫu {id} đang đúng thành sai: {question}"
GATE_FALL = "Loại “{kind}” ({wording}): đúng {before} còn {after} trong {n} câu"
GATE_WITHDRAWN = "tài liệu {document} đã rút"
GATE_SUPERSEDED = "tài liệu {document} đã được {by} thay thế"
GATE_ADDED = "tài liệu mới: {documents}"
GATE_QUESTION = "câu hỏi"
GATE_OLD = "đang dùng"
GATE_NEW = "bản mới"
GATE_RIGHT = {True: "đúng", False: "sai"}
GATE_MORE = "… và {count} câu nữa"
GATE_PAGE = "Xem dễ hơn ở {page}"

# --- Drafts of golden questions ----------------------------------------------------------------------------------

DRAFT = (
    "Nháp: được hỏi {count} lần, từ {first} đến {last}, chưa có câu trả lời. "
    "Khi đã có tài liệu trả lời thì sửa kind, expect, docs, answers và xoá ghi chú này."
)

# --- An answer replayed -------------------------------------------------------------------------------------------

REPLAY_THEN = "khi đó"
REPLAY_NOW = "bây giờ"
REPLAY_MASKED = "Thông tin riêng trong câu hỏi đã được che trước khi lưu, nên câu trả lời lại có thể khác vì thế."
REPLAY_CHOSEN = "Các ý đã chọn:"
REPLAY_TEXT = "Câu trả lời khi đó:"
REPLAY_ANEW = "Trả lời lại, tính đến ngày {day}, bản dữ liệu {snapshot}:"
REPLAY_SAME = "không đổi."
REPLAY_DIFFERENT = "khác trước."
REPLAY_NO_LONGER_CITED = "Không còn trích:"
REPLAY_NEWLY_CITED = "Nay mới trích:"
REPLAY_SNAPSHOT_ACTIVE = "đang dùng"
REPLAY_SNAPSHOT_KEPT = "vẫn còn, không dùng nữa"
REPLAY_SNAPSHOT_GONE = "không còn"

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
REPL_NO_HITS = "Với câu này, tôi không tìm trong tài liệu."
REPL_NO_RECEIPT = "Tôi không có bản lưu của câu trả lời {answer_id}."
REPL_NO_RECEIPTS = "Tôi không đọc được các bản lưu. {error}"
REPL_NEW_CONVERSATION = "Tôi đã bắt đầu cuộc trò chuyện mới, những câu hỏi trước không còn được dùng đến."
REPL_HELP = "Anh/chị gõ câu hỏi, có dấu hay không dấu đều được. Ngoài ra có các lệnh:"
REPL_HELP_SOURCES = "liệt kê nguồn của câu trả lời vừa rồi; /nguon 1 cho xem nguyên văn đoạn trích số 1"
REPL_HELP_WHY = "cho xem các đoạn đã tìm thấy, điểm của từng đoạn và thời gian xử lý"
REPL_HELP_REPLAY = "xem lại câu trả lời vừa rồi, hoặc /replay MÃ: nó từ đâu ra, và nay trả lời có khác không"
REPL_HELP_SNAPSHOT = "cho biết tôi đang dùng bản dữ liệu nào"
REPL_HELP_NEW = "bắt đầu cuộc trò chuyện mới"
REPL_HELP_HELP = "hiện phần trợ giúp này"
REPL_HELP_LEAVE = "thoát"
REPL_HELP_SUGGESTIONS = "Khi có câu gợi ý, anh/chị gõ số của câu để hỏi câu đó."

# --- Channels -----------------------------------------------------------------------------------------------------

WELCOME = (
    "Chào anh/chị! Tôi là trợ lý tự động, trả lời câu hỏi về chuyển đổi số của Hà Nội: dịch vụ công trực tuyến, "
    "iHanoi, VNeID, xã phường mới, các kế hoạch và số liệu của Thành phố. Câu trả lời trích nguyên văn từ tài liệu, "
    "có ghi nguồn và ngày.\n\n"
    "Anh/chị cứ nhắn câu hỏi, có dấu hay không dấu đều được. Xin đừng gửi số CCCD, số tài khoản hay mật khẩu."
)
CHANNEL_HELP = (
    "Anh/chị nhắn câu hỏi về chuyển đổi số của Hà Nội, tôi trả lời kèm nguồn. Ngoài ra có các lệnh:\n"
    "/nguon – xem nguồn của câu trả lời vừa rồi; /nguon 1 xem nguyên văn đoạn trích số 1\n"
    "/moi – bắt đầu cuộc trò chuyện mới\n"
    "/lienhe – số điện thoại và nơi anh/chị có thể hỏi cán bộ\n"
    "/xoa – xoá những gì tôi đang lưu về cuộc trò chuyện này\n"
    "/help – hiện phần trợ giúp này"
)
PRIVACY = (
    "Tôi lưu câu hỏi và câu trả lời tối đa {days} ngày để cải thiện chất lượng. Tôi không lưu tên của anh/chị; "
    "số CCCD, điện thoại và thông tin riêng tương tự được che trước khi lưu."
)
ONLY_TEXT = (
    "Tôi chỉ đọc được tin nhắn chữ, chưa xem được ảnh, tệp hay nghe được tin nhắn thoại. "
    "Anh/chị vui lòng gõ câu hỏi giúp tôi."
)
HIDDEN = "Tôi không đọc được tin nhắn này nên chưa trả lời được. Anh/chị có thể hỏi trực tiếp tại:"
CONTACTS = "Anh/chị có thể hỏi trực tiếp tại:"
NO_CONTACTS = "Tài liệu tôi có chưa ghi số điện thoại hay địa chỉ để liên hệ."
TOO_MANY = (
    "Anh/chị nhắn nhanh quá nên tôi chưa trả lời kịp. Anh/chị vui lòng đợi một phút rồi hỏi tiếp; "
    "những tin nhắn đến trong lúc này tôi xin phép bỏ qua."
)
OVERLOAD = "Hiện có rất nhiều người hỏi cùng lúc, hệ thống đang quá tải. Anh/chị vui lòng hỏi lại sau ít phút."
DOUBTFUL = "(Câu trả lời trước có thể chưa đến được anh/chị. Nếu không thấy, anh/chị vui lòng hỏi lại giúp tôi.)"
NEW_CONVERSATION = "Tôi đã bắt đầu cuộc trò chuyện mới. Anh/chị muốn hỏi gì ạ?"
UNKNOWN_COMMAND = "Tôi không có lệnh {command}. Anh/chị gõ /help để xem các lệnh, hoặc cứ nhắn câu hỏi."
NOTHING_ASKED = "Anh/chị chưa hỏi câu nào trong cuộc trò chuyện này. Anh/chị cứ nhắn câu hỏi cho tôi."
NO_SOURCES = "Câu trả lời vừa rồi không trích nguồn nào."
NO_SUCH_SOURCE = "Câu trả lời này có {count} nguồn. Anh/chị nhắn số của nguồn sau /nguon, ví dụ: /nguon 1."
NO_LONGER_KEPT = "Câu trả lời này tôi không còn lưu. Anh/chị vui lòng nhắn lại câu hỏi."
THUMBS_ASK = "Câu trả lời vừa rồi có giúp được anh/chị không ạ?"
THUMBS_GOOD = "Cảm ơn anh/chị, tôi rất vui vì giúp được."
THUMBS_BAD = "Cảm ơn anh/chị đã cho biết. Câu trả lời chưa được ở điểm nào ạ?"
THUMBS_REASON = "Cảm ơn anh/chị đã góp ý, chúng tôi sẽ xem lại câu trả lời này."
REASONS = {"sai": "Không đúng", "cu": "Thông tin cũ", "thieu": "Còn thiếu", "kho_hieu": "Khó hiểu"}
ERASED = (
    "Tôi đã xoá xong những gì đã lưu về anh/chị ở đây: {messages} tin nhắn, {answers} câu trả lời, {thumbs} góp ý. "
    "Tôi đã kiểm tra lại: còn {left} mục."
)
SOURCE_DOCUMENT = "Văn bản: {title}"
SOURCE_SECTION = "Mục: {section}"
SOURCE_PLACE = "Vị trí: {place}"
SOURCE_NUMBER = "Số {number}"
SOURCE_ISSUER = "Nơi ban hành: {issuer}"
SOURCE_ADDRESS = "Địa chỉ: {url}"
BUTTON_GOOD = "👍 Đúng ý tôi"
BUTTON_BAD = "👎 Chưa đúng"

# --- Where a quote stands -----------------------------------------------------------------------------------------

PLACE_ARTICLE = "Điều {number}"
PLACE_CLAUSE = "khoản {number}"
PLACE_PAGE = "trang {pages}"

# --- Admins in the chat -------------------------------------------------------------------------------------------

YOUR_ID = "Mã tài khoản của anh/chị ở đây là {account}."
ADMIN_HELP = (
    "Anh/chị là quản trị viên nên còn có các lệnh:\n"
    "/trangthai – bản dữ liệu đang dùng, số câu hỏi hôm nay, hàng đợi\n"
    "/capnhat – dựng bản dữ liệu mới và kiểm tra trước khi dùng\n"
    "/quaylai – dùng lại bản dữ liệu trước\n"
    "/chuatraloi – những câu người dân hỏi mà tôi chưa trả lời được\n"
    "Anh/chị gửi tệp văn bản vào đây để thêm tài liệu."
)
ADMIN_STATE = (
    "Bản dữ liệu: {snapshot}, dựng lúc {built}\n"
    "Tài liệu: {documents}, gồm {passages} đoạn\n"
    "Hôm nay: {answers} câu hỏi, {vain} câu chưa trả lời được\n"
    "Đang chờ: {waiting} tin nhắn, lâu nhất {oldest} giây\n"
    "Tài liệu chờ duyệt: {held}"
)
ADMIN_UPDATE_BEGUN = "Tôi đang dựng bản dữ liệu mới. Xong tôi sẽ báo kết quả; trong lúc đó tôi vẫn trả lời như thường."
ADMIN_UPDATE_UNDER_WAY = "Tôi đang dựng dở một bản dữ liệu rồi. Anh/chị đợi kết quả giúp tôi."
ADMIN_BUILT = (
    "Tôi đã dựng xong bản {snapshot}: {documents} tài liệu, {passages} đoạn. "
    "Đã hỏi thử {asked} câu mẫu, {changed} câu trả lời khác trước."
)
ADMIN_CHANGED = "• {question}\n   Trước: {before}\n   Nay: {after}"
ADMIN_CHANGED_WORSE = "• {question} (trước đúng, nay sai)\n   Trước: {before}\n   Nay: {after}"
ADMIN_UPDATE_REFUSED = "Bản này không được dùng vì:"
ADMIN_UPDATE_FORCE = (
    "Nếu vẫn muốn dùng, anh/chị chạy trên máy chủ: hanoidx index activate {snapshot} --force --reason …"
)
ADMIN_ROLLED_BACK = "Tôi đã quay lại bản dữ liệu {snapshot}."
ADMIN_WHICH_SNAPSHOT = "Anh/chị ghi mã của bản dữ liệu sau lệnh giúp tôi."
ADMIN_WHICH_DOCUMENT = "Anh/chị ghi mã của tài liệu sau lệnh giúp tôi."
ADMIN_ACTIVATED = "Tôi đã chuyển sang dùng bản dữ liệu {snapshot}."
ADMIN_DROPPED = "Tôi đã bỏ bản dữ liệu {snapshot}."
ADMIN_ACCEPTED = "Tôi đã thêm tài liệu {document}. Anh/chị nhắn /capnhat để đưa vào sử dụng."
ADMIN_REJECTED = "Tôi đã bỏ tài liệu {document}."
ADMIN_FAILED = "Việc này không thành công. Máy chủ báo: {error}"
ADMIN_NO_RESULT = "Tôi không còn giữ kết quả này."
ADMIN_INTERRUPTED = "Việc anh/chị giao bị ngắt giữa chừng nên chưa xong. Anh/chị giao lại giúp tôi."
ADMIN_FILE_READING = "Tôi đang đọc tệp {name}. Xong tôi sẽ báo anh/chị duyệt."
ADMIN_FILE_TOO_LARGE = "Tệp này lớn quá: qua đây tôi chỉ nhận tệp tới {limit} MB. Anh/chị thêm trên máy chủ giúp tôi."
ADMIN_FILE_NOT_FETCHED = "Tôi không tải được tệp này. Lý do: {error}"
ADMIN_FILE_HELD = "Tệp {name} đang chờ duyệt, mã {document}. Tôi đọc được:"
ADMIN_FILE_LACKS = "Tài liệu chưa cho biết: {fields}. Anh/chị bổ sung khi nhận, ví dụ: /nhan {document} {example}"
ADMIN_FILE_CONCERNS = "Có điểm cần xem lại:"
ADMIN_FILE_CONCERN = "– {place}{kind}: {found}"
ADMIN_FILE_LINE = "Dòng {line}: "
ADMIN_FILE_LEFT_OVER = "Tệp {name} do máy hoặc Word tự tạo ra, không phải tài liệu, nên tôi bỏ qua."
ADMIN_FILE_SIDECAR = (
    "Tệp {name} chỉ ghi thông tin của một tài liệu khác. Qua đây anh/chị gửi chính tài liệu đó, rồi ghi thông tin khi "
    "nhận, ví dụ: /nhan MÃ tình trạng: hết hiệu lực"
)
CONCERNS = {  # by corpus.examine.Kind
    "instruction": "lời nhằm vào mô hình ngôn ngữ",
    "invisible": "ký tự vô hình",
    "hidden": "chữ ẩn trong tệp, hoặc in chèn lên chữ khác",
    "unread": "có phần chưa đọc được",
    "formula": "ô có công thức mà tệp không lưu kết quả",
    "unsure": "chỗ không đọc được, hoặc đọc chưa chắc đúng",
    "language": "không phải tiếng Việt",
    "garbled": "hỏng chữ hoặc hỏng dấu",
    "duplicate": "gần trùng tài liệu đã có",
    "empty": "trang trống hoặc quá ít chữ",
    "table": "bảng bị vỡ",
    "personal": "có thể là thông tin cá nhân",
}
ADMIN_FILE_RELEASE = "Nếu vẫn muốn dùng, anh/chị nhắn: /nhan {document} rồi ghi lý do."
ADMIN_IN_VAIN_BEGUN = "Tôi đang xem lại các câu hỏi của 7 ngày qua."
ADMIN_IN_VAIN = "Trong 7 ngày qua, người dân hỏi mà tôi chưa trả lời được:"
ADMIN_IN_VAIN_LINE = "– {question} ({count} lần)"
ADMIN_NOTHING_IN_VAIN = "Trong 7 ngày qua không có câu hỏi nào tôi chưa trả lời được."
BUTTON_ACTIVATE = "Kích hoạt"
BUTTON_DROP = "Bỏ bản này"
BUTTON_ACCEPT = "Nhận vào kho"
BUTTON_ACCEPT_AS = "Nhận, {status}"
BUTTON_REJECT = "Bỏ tài liệu"
FIELDS = {
    "id": "mã",
    "title": "tên",
    "issuer": "cơ quan ban hành",
    "number": "số, ký hiệu",
    "doc_type": "loại văn bản",
    "issued": "ngày ban hành",
    "as_of": "thông tin đến ngày",
    "status": "tình trạng",
    "note": "ghi chú",
    "expires": "hết hiệu lực sau ngày",
}

# --- Telegram -----------------------------------------------------------------------------------------------------

TELEGRAM_SOURCE = "Nguồn {number}"
TELEGRAM_SOURCE_ENGLISH = "Source {number}"
TELEGRAM_COMMANDS = (
    ("start", "Bắt đầu"),
    ("help", "Xem cách hỏi và các lệnh"),
    ("nguon", "Xem nguồn của câu trả lời vừa rồi"),
    ("moi", "Bắt đầu cuộc trò chuyện mới"),
    ("xoa", "Xoá những gì tôi đang lưu về cuộc trò chuyện này"),
    ("lienhe", "Xem số điện thoại và nơi anh/chị có thể hỏi cán bộ"),
)

# --- Zalo ---------------------------------------------------------------------------------------------------------

ZALO_HOW_SOURCES = "Nhắn /nguon {number} để xem nguyên văn nguồn số {number}."
ZALO_HOW_SOURCES_ENGLISH = "Send /nguon {number} for the exact words of source {number}."
ZALO_HOW_THUMBS = "Nhắn 👍 hoặc 👎 để góp ý."
ZALO_HOW_THUMBS_ENGLISH = "Send 👍 or 👎 to rate this answer."
ZALO_COMMAND = "{label}: nhắn {command}"
ZALO_COMMAND_ENGLISH = "{label}: send {command}"
ZALO_SOURCES = "Xem nguồn"
ZALO_SOURCES_ENGLISH = "See the sources"
ZALO_THUMBS = "Góp ý 👍 👎"
ZALO_THUMBS_ENGLISH = "Rate this answer 👍 👎"

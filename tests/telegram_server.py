"""A strict local stand-in for Telegram's Bot API over real HTTP, for the tests and the load generator.

Limits and error texts are those of Bot API 10.0; what it does not know it refuses, where Telegram might let it pass.
`python tests/telegram_server.py --port 0` serves alone and prints its address.
"""

import argparse
import asyncio
import json
import math
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import httpx
from platforms import BadBody, Json, Platform, Refused, Upload, answer_json, read_arguments, run_alone
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = "1000001:" + "T" * 35
MALFORMED = re.compile(r"(?!\d+:[\w-]{30,}$)", re.ASCII)
FIRST_UPDATE = 700_000_001
DAY, CALLBACK_LIFE = 86_400.0, 150.0  # seconds an update waits to be fetched
MIB = 2**20
MAX_TEXT, MAX_CAPTION, MAX_RAW = 4096, 1024, 2**15
MAX_BUTTONS = 100
MAX_POLL, SAME_OFFSET_HELD = 50, 3.0
LONGEST_RETRY = 60.0


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UPDATES = _words(
    "message edited_message channel_post edited_channel_post inline_query chosen_inline_result callback_query "
    "shipping_query pre_checkout_query poll poll_answer my_chat_member chat_member chat_join_request chat_boost "
    "removed_chat_boost message_reaction message_reaction_count business_connection business_message "
    "edited_business_message deleted_business_messages purchased_paid_media managed_bot guest_message"
)
UPDATES_BY_DEFAULT = UPDATES - {"chat_member", "message_reaction", "message_reaction_count"}
ACTIONS = _words(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note"
)
REACTIONS = _words(
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 "
    "💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 "
    "🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
SCOPES: Mapping[str, dict[str, type]] = {
    "default": {},
    "all_private_chats": {},
    "all_group_chats": {},
    "all_chat_administrators": {},
    "chat": {"chat_id": int},
    "chat_administrators": {"chat_id": int},
    "chat_member": {"chat_id": int, "user_id": int},
}
BLOCKED = "Forbidden: bot was blocked by the user"
KICKED = "Forbidden: bot was kicked from the supergroup chat"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
# What an empty description of a refusal, as in `refuse(401)`, stands for.
DESCRIPTIONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: BLOCKED,
    404: "Not Found",
    409: f"Conflict: {OTHER_POLLER}",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


# Text


ENTITIES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
PLAIN = re.compile(r"[^<&]+")
TAG_NAME = re.compile(r"[^\s>]*")
ATTRIBUTE_NAME = re.compile(r"[^\s=>]*")
TOKEN_VALUE = re.compile(r"[A-Za-z0-9.-]*")
SPACE = re.compile(r"\s*")
Opened = tuple[str, Json, int]  # a tag's name, its attributes, and where in the plain text it begins


def utf16(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(text: str) -> tuple[str, list[Json]]:
    """Plain text and entities, by the rules and with the messages of tdlib's parser."""
    plain, at = "", 0
    opened: list[Opened] = []
    entities: list[Json] = []
    while at < len(text):
        if text[at] == "&":
            character, at = _reference(text, at)
            plain += character
        elif text.startswith("</", at):
            entity, at = _end_tag(text, at, opened, plain)
            entities += [entity] if entity else []
        elif text[at] == "<":
            name, attributes, at = _start_tag(text, at)
            opened.append((name, attributes, len(plain)))
        else:
            start, at = at, _skip(PLAIN, text, at)
            plain += text[start:at]
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    if re.search("[\ud800-\udfff]", plain):
        raise bad(
            "can't parse entities: Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return plain, entities


def _wrong(text: str, at: int, what: str, tail: str = "") -> Refused:
    return bad(f"can't parse entities: {what} at byte offset {len(text[:at].encode())}{tail}")


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _reference(text: str, at: int) -> tuple[str, int]:
    """The character at an ampersand, and where it ends; what is no reference stands for itself."""
    if found := REFERENCE.match(text, at):
        hexadecimal, decimal, name = found.groups()
        if name:
            if name in NAMED:
                return NAMED[name], found.end()
        else:
            code = int(hexadecimal, 16) if hexadecimal else int(decimal)
            digits_end = found.end() - found.group().endswith(";")
            if 0 < code < 0x10FFFF and digits_end - at < 10:
                return chr(code), found.end()
    return "&", at + 1


def _start_tag(text: str, start: int) -> tuple[str, Json, int]:
    at = _skip(TAG_NAME, text, start + 1)
    if at == len(text):
        raise _wrong(text, start, "Unclosed start tag")
    name = text[start + 1 : at].lower()
    if name not in ENTITIES:
        raise _wrong(text, start, f'Unsupported start tag "{name}"')
    attributes: Json = {}
    while True:
        at = _skip(SPACE, text, at)
        if at == len(text):
            raise _wrong(text, start, f'Unclosed start tag "{name}"')
        if text[at] == ">":
            break
        key_at, at = at, _skip(ATTRIBUTE_NAME, text, at)
        key = text[key_at:at].lower()
        if not key:
            raise _wrong(text, start, f'Empty attribute name in the tag "{name}"')
        at = _skip(SPACE, text, at)
        if not text.startswith("=", at):
            attributes[key] = ""
            continue
        at = _skip(SPACE, text, at + 1)
        if at == len(text):
            raise _wrong(text, start, f'Unclosed start tag "{name}"')
        if text[at] in "'\"":
            end = text.find(text[at], at + 1)
            if end == -1 or end + 1 == len(text):
                raise _wrong(text, start, "Unclosed start tag")
            attributes[key] = REFERENCE.sub(lambda found: _reference(found.group(), 0)[0], text[at + 1 : end])
            at = end + 1
        else:
            value_at, at = at, _skip(TOKEN_VALUE, text, at)
            if at == len(text) or not (text[at].isspace() or text[at] == ">"):
                raise _wrong(text, value_at, "Unexpected end of name token")
            attributes[key] = text[value_at:at].lower()
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise _wrong(text, start, 'Tag "span" must have class "tg-spoiler"')
    if name == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
        raise bad("can't parse entities: Invalid custom emoji identifier specified")
    return name, attributes, at + 1


def _end_tag(text: str, start: int, opened: list[Opened], plain: str) -> tuple[Json | None, int]:
    """Close the last opened tag. It may have nothing in it, and then is no entity."""
    if not opened:
        raise _wrong(text, start, "Unexpected end tag")
    name_end = _skip(TAG_NAME, text, start + 2)
    found, at = text[start + 2 : name_end], _skip(SPACE, text, name_end)
    if not text.startswith(">", at):
        raise _wrong(text, start, "Unclosed end tag")
    name, attributes, begin = opened.pop()
    if found not in ("", name):
        raise _wrong(text, start, "Unmatched end tag", f', expected "</{name}>", found "</{found}>"')
    at, inside = at + 1, plain[begin:]
    if not inside:
        return None, at
    entity: Json = {"type": ENTITIES[name], "offset": utf16(plain[:begin]), "length": utf16(inside)}
    if name == "a":
        url = _web_url(attributes.get("href") or inside)
        if url is None:  # Telegram shows the text without a link, and says nothing
            return None, at
        entity["url"] = url
    elif name == "code" and attributes.get("class", "").startswith("language-"):
        entity["language"] = attributes["class"].removeprefix("language-")
    elif name == "tg-emoji":
        entity["custom_emoji_id"] = attributes["emoji-id"]
    elif name == "blockquote" and "expandable" in attributes:
        entity["type"] = "expandable_blockquote"
    return entity, at


def _web_url(url: str) -> str | None:
    address = url if "://" in url else f"http://{url}"
    parts = urlsplit(address)
    if parts.scheme == "tg":
        return address
    return address if parts.scheme in ("http", "https") and re.search(r"\w\.\w|^localhost", parts.netloc) else None


def formatted(raw: str, parse_mode: str | None, limit: int, too_long: str) -> tuple[str, list[Json]]:
    """What people see of a text: parsed, trimmed, in order, within its limit."""
    if len(raw.encode()) > MAX_RAW:
        raise bad("text is too long")
    text, entities = raw.replace("\r", ""), list[Json]()
    if parse_mode is not None and parse_mode.lower() != "none":
        if parse_mode.lower() != "html":
            raise bad(f"unsupported parse_mode: this stand-in reads HTML only, not {parse_mode}")
        text, entities = parse_html(text)
    text = re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text).rstrip()
    lead = min([len(text) - len(text.lstrip()), *(entity["offset"] for entity in entities)])
    text = text[lead:]
    if not text.strip():
        raise bad("text must be non-empty")
    if (size := utf16(text)) > limit:
        raise bad(too_long)
    return text, _kept(entities, lead, size)


def _kept(entities: list[Json], lead: int, size: int) -> list[Json]:
    """The entities Telegram keeps, outermost first: code and pre hold no others, and quotes hold no quotes."""
    kept: list[Json] = []
    for entity in sorted(entities, key=lambda each: (each["offset"], -each["length"])):
        entity["offset"] -= lead
        entity["length"] = min(entity["length"], size - entity["offset"])
        if entity["length"] <= 0:
            continue
        around = [each for each in kept if entity["offset"] < each["offset"] + each["length"]]
        if any(each["type"] in ("code", "pre") for each in around):
            outer = around[-1]
            same = (outer["offset"], outer["length"]) == (entity["offset"], entity["length"])
            if same and {outer["type"], entity["type"]} == {"code", "pre"}:
                outer |= {"type": "pre"} | {key: value for key, value in entity.items() if key == "language"}
            continue
        if "quote" in entity["type"] and any("quote" in each["type"] for each in around):
            continue
        kept.append(entity)
    for entity in kept:
        if entity["type"] == "code":
            entity.pop("language", None)
    return kept


SPOKEN = re.compile(
    r"(?P<url>https?://\S+)|(?<!\S)(?P<bot_command>/\w{1,32}(?:@\w+)?)|(?<!\w)(?P<mention>@\w{4,32})", re.ASCII
)


def spoken(text: str) -> list[Json]:
    """The entities a person's client finds in what they wrote."""
    return [
        {"type": found.lastgroup, "offset": utf16(text[: found.start()]), "length": utf16(found.group())}
        for found in SPOKEN.finditer(text)
    ]


# Arguments: what a value may be, by its name. They come as strings (forms) or as they are (JSON).


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise bad(f"{name} must be a String")
    if re.search("[\ud800-\udfff]", value):
        raise bad("strings must be encoded in UTF-8")
    return value


def _integer(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value.strip()):
        return int(value)
    raise bad(f"{name} must be an Integer")


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0", "yes", "no"):
        return value.lower() in ("true", "1", "yes")
    raise bad(f"{name} must be a Boolean")


def _json(name: str, value: Any, shape: type) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None
    if not isinstance(value, shape):
        raise bad(f"{'object' if shape is dict else 'array'} expected as {name.replace('_', ' ')}")
    return value


def _fields(name: str, value: Json, kinds: Mapping[str, type], required: Sequence[str] = ()) -> Json:
    for key, each in value.items():
        if key not in kinds or not isinstance(each, kinds[key]) or (isinstance(each, bool) and kinds[key] is int):
            raise bad(f"can't parse {name}: field {key!r} is unknown or of a wrong type")
    if missing := [key for key in required if key not in value]:
        raise bad(f"can't parse {name}: can't find field {missing[0]!r}")
    return value


def _chat_id(name: str, value: Any) -> int | str:
    if isinstance(value, str) and not value.strip():
        raise bad("chat_id is empty")
    return value if isinstance(value, str) and value.startswith("@") else _integer(name, value)


def _link_preview(name: str, value: Any) -> Json:
    kinds = {
        "is_disabled": bool,
        "url": str,
        "prefer_small_media": bool,
        "prefer_large_media": bool,
        "show_above_text": bool,
    }
    return _fields(name, _json(name, value, dict), kinds)


def _reply(name: str, value: Any) -> Json:
    kinds = {"message_id": int, "chat_id": int, "allow_sending_without_reply": bool}
    return _fields(name, _json(name, value, dict), kinds, ["message_id"])


BUTTON = {
    "text": str,
    "callback_data": str,
    "url": str,
    "copy_text": dict,
    "switch_inline_query_current_chat": str,
    "style": str,
}


def _keyboard(name: str, value: Any) -> Json:
    markup: Json = _json(name, value, dict)
    if set(markup) != {"inline_keyboard"}:
        raise bad("this stand-in knows no reply markup but inline keyboards")
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict):
            raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
        _fields("inline keyboard button", button, BUTTON, ["text"])
        does = set(button) - {"text", "style"}
        if not does:
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if len(does) > 1 or not button["text"].strip():
            raise bad("BUTTON_TYPE_INVALID" if len(does) > 1 else "BUTTON_TEXT_INVALID")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
        if "url" in button and _web_url(button["url"]) is None:
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return markup


def _allowed(name: str, value: Any) -> list[str]:
    kinds: list[str] = _json(name, value, list)
    if unknown := [kind for kind in kinds if kind not in UPDATES]:
        raise bad(f"unknown update type {unknown[0]!r} in {name}")
    return kinds


def _commands(name: str, value: Any) -> list[Json]:
    commands: list[Json] = _json(name, value, list)
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not isinstance(command, dict):
            raise bad("can't parse BotCommand: expected an Object")
        _fields("BotCommand", command, {"command": str, "description": str}, ["command", "description"])
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= utf16(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return [{**command, "command": command["command"].removeprefix("/")} for command in commands]


def _scope(name: str, value: Any) -> Json:
    scope: Json = _json(name, value, dict)
    if scope.get("type") not in SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    kinds = SCOPES[scope["type"]]
    return _fields("BotCommandScope", scope, {"type": str, **kinds}, list(kinds))


def _language(name: str, value: Any) -> str:
    if not re.fullmatch(r"([a-z]{2})?", _string(name, value)):
        raise bad("invalid language code specified")
    return str(value)


def _reaction(name: str, value: Any) -> list[Json]:
    reactions: list[Json] = _json(name, value, list)
    for reaction in reactions:
        if not isinstance(reaction, dict) or set(reaction) != {"type", "emoji"} or reaction["type"] != "emoji":
            raise bad("can't parse ReactionType: this stand-in knows emoji only")
        if reaction["emoji"].replace("\ufe0f", "") not in REACTIONS:
            raise bad("REACTION_INVALID")
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    return reactions


def _document(name: str, value: Any) -> Upload | str:
    return value if isinstance(value, Upload) else _string(name, value)


ARGUMENTS: Mapping[str, Callable[[str, Any], Any]] = {
    "action": _string,
    "allowed_updates": _allowed,
    "cache_time": _integer,
    "callback_query_id": _string,
    "caption": _string,
    "chat_id": _chat_id,
    "commands": _commands,
    "disable_content_type_detection": _boolean,
    "disable_notification": _boolean,
    "document": _document,
    "draft_id": _integer,
    "drop_pending_updates": _boolean,
    "file_id": _string,
    "is_big": _boolean,
    "language_code": _language,
    "limit": _integer,
    "link_preview_options": _link_preview,
    "max_connections": _integer,
    "message_id": _integer,
    "offset": _integer,
    "parse_mode": _string,
    "protect_content": _boolean,
    "reaction": _reaction,
    "reply_markup": _keyboard,
    "reply_parameters": _reply,
    "scope": _scope,
    "secret_token": _string,
    "show_alert": _boolean,
    "text": _string,
    "timeout": _integer,
    "url": _string,
}
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "document": "there is no document in the request",
    "action": "wrong parameter action in request",
    "file_id": "invalid file_id",
}
# Arguments each method takes; a ! marks those it must have.
SENDING = "disable_notification protect_content reply_parameters reply_markup"
METHODS: Mapping[str, str] = {
    "getMe": "",
    "getUpdates": "offset limit timeout allowed_updates",
    "setWebhook": "url! secret_token max_connections allowed_updates drop_pending_updates",
    "deleteWebhook": "drop_pending_updates",
    "getWebhookInfo": "",
    "sendMessage": f"chat_id! text! parse_mode link_preview_options {SENDING}",
    "sendMessageDraft": "chat_id! draft_id! text! parse_mode",
    "sendDocument": f"chat_id! document! caption parse_mode disable_content_type_detection {SENDING}",
    "sendChatAction": "chat_id! action!",
    "editMessageText": "chat_id! message_id! text! parse_mode link_preview_options reply_markup",
    "editMessageReplyMarkup": "chat_id! message_id! reply_markup",
    "answerCallbackQuery": "callback_query_id! text show_alert cache_time",
    "setMessageReaction": "chat_id! message_id! reaction is_big",
    "setMyCommands": "commands! scope language_code",
    "getMyCommands": "scope language_code",
    "deleteMyCommands": "scope language_code",
    "getFile": "file_id!",
}
NAMES = {name.lower(): name for name in METHODS}


def read_method(method: str, given: Json) -> Json:
    """The arguments in their types, or the refusal of the first that is missing, unknown or wrong."""
    takes = {name.rstrip("!"): name.endswith("!") for name in METHODS[method].split()}
    for name in given:
        # A document may come as another part of the body, named in it: attach://<part>.
        if name not in takes and given.get("document") != f"attach://{name}":
            raise bad(f"unknown argument {name!r} of {method}")
    arguments = {name: ARGUMENTS[name](name, value) for name, value in given.items() if name in takes}
    if (document := arguments.get("document")) and isinstance(document, str) and document.startswith("attach://"):
        arguments["document"] = given.get(document.removeprefix("attach://"), "")
    for name, must in takes.items():
        if must and arguments.get(name) in (None, ""):
            raise bad(MISSING.get(name, f"{name} is missing"))
    return arguments


# The server


@dataclass(slots=True)
class Chat:
    id: int
    name: str
    language: str = "vi"
    username: str = ""
    blocked: bool = False
    keyboards: list[int] = field(default_factory=list)  # messages with buttons, oldest first
    flood_until: float = 0.0

    @property
    def private(self) -> bool:
        return self.id > 0

    def as_user(self) -> Json:
        user = {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": self.language}
        return user | ({"username": self.username} if self.username else {})

    def as_chat(self) -> Json:
        if not self.private:
            return {"id": self.id, "type": "supergroup", "title": self.name}
        chat = {"id": self.id, "type": "private", "first_name": self.name}
        return chat | ({"username": self.username} if self.username else {})


@dataclass(frozen=True, slots=True)
class Pending:
    """An update not yet taken. Those of one lane are posted one after another, and lanes side by side."""

    id: int
    lane: tuple[str, int]
    expires: float
    update: Json


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str
    max_connections: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to post an update to the webhook; `status` is 0 where no answer came."""

    at: float
    update_id: int
    status: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    path: str
    content: bytes
    size: int


class TelegramServer(Platform):
    def __init__(self, token: str = TOKEN, username: str = "hanoidx_bot") -> None:
        super().__init__(
            [
                Route("/bot{token}/{method}", self._bot, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._download, methods=["GET"]),
            ]
        )
        self.token = token
        self.flood_rate = 0.0  # messages a second into one chat; 0 leaves flood control off
        self.flood_burst = 1
        self.callback_life = CALLBACK_LIFE  # seconds in which a callback query can be answered
        self.post_timeout = 60.0  # real seconds for the webhook to answer
        self.deliveries: list[Delivery] = []
        self.switches |= {"flood_rate", "flood_burst", "callback_life", "post_timeout"}
        self.controls |= {
            "person": self.person,
            "group": self.group,
            "text": self.text,
            "edit": self.edit,
            "media": self.media,
            "press": self.press,
            "react": self.react,
            "block": self.block,
            "unblock": self.unblock,
            "update": self.update,
            "hold": self.hold,
            "release": self.release,
            "repeat": self.repeat,
            "deliveries": lambda: self.deliveries,
        }
        self.me: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "HanoiDX",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        self._myself = {key: self.me[key] for key in ("id", "is_bot", "first_name", "username")}
        self._chats: dict[int, Chat] = {}
        self._messages: dict[tuple[int, int], Json] = {}
        self._next_message = 1
        self._queries: dict[str, float] = {}  # callback queries not answered, and when they were made
        self._next_query = 4_000_000_001
        self._commands: dict[tuple[str, str], list[Json]] = {}
        self._files: dict[str, StoredFile] = {}
        self._allowed = UPDATES_BY_DEFAULT
        self._next_update = FIRST_UPDATE
        self._pending: dict[int, Pending] = {}  # by id, in order
        self._held: list[Pending] | None = None
        self._recent: deque[Pending] = deque(maxlen=1000)  # what `repeat` can repeat
        self._poll = 0
        self._last_poll = (-1, 0.0)
        self._webhook: Webhook | None = None
        self._lanes: dict[tuple[str, int], deque[Pending]] = {}
        self._last_error: Json = {}
        self._perform: dict[str, Callable[[Json], object]] = {
            "getMe": lambda arguments: self.me,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
            "sendMessage": self._send_message,
            "sendMessageDraft": self._send_draft,
            "sendDocument": self._send_document,
            "sendChatAction": self._send_action,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup,
            "answerCallbackQuery": self._answer_query,
            "setMessageReaction": self._set_reaction,
            "setMyCommands": self._set_commands,
            "getMyCommands": self._get_commands,
            "deleteMyCommands": self._delete_commands,
            "getFile": self._get_file,
        }

    # What people do. Each returns the update; its id is 0 where the bot did not ask for that kind.

    def person(self, chat_id: int, name: str = "Lan", language: str = "vi", username: str = "") -> None:
        """Someone known by name; whoever writes without it is made up."""
        with self.lock:
            self._chats[chat_id] = Chat(chat_id, name, language, username)

    def group(self, chat_id: int, title: str = "Tổ dân phố số 5", sender: int = 1001) -> Json:
        """A group, with a negative id, into which `sender` brings the bot."""
        if chat_id >= 0:
            raise ValueError("the id of a group is negative")
        with self.lock:
            self._chats[chat_id] = Chat(chat_id, title, blocked=True)
            return self._membership(chat_id, False, sender)

    def text(self, chat_id: int, text: str, *, sender: int | None = None, reply_to: int | None = None) -> Json:
        """Someone writes; commands, mentions and addresses in it become entities. In a group, `sender` says who."""
        entities = spoken(text)
        content = {"text": text} | ({"entities": entities} if entities else {})
        return self._say(chat_id, sender, content, text, reply_to)

    def edit(self, chat_id: int, message_id: int, text: str) -> Json:
        """Someone changes what they wrote."""
        with self.lock:
            old = self._messages[chat_id, message_id]
            message = {**old, "text": text, "edit_date": int(self.now())}
            self._messages[chat_id, message_id] = message
            self.show(chat_id, "person", "edit", text, message_id)
            return self.update("edited_message", message, chat_id)

    def media(
        self,
        chat_id: int,
        kind: str,
        *,
        caption: str = "",
        content: str | bytes = b"\0",
        size: int | None = None,
        file_name: str = "tep.pdf",
        sender: int | None = None,
        reply_to: int | None = None,
    ) -> Json:
        """Someone sends a sticker, voice, photo, document, contact or location; `size` is what the file claims."""
        data = content.encode() if isinstance(content, str) else content
        if kind in ("contact", "location"):
            bodies: dict[str, Json] = {
                "contact": {"phone_number": "+84900000000", "first_name": "Lan", "user_id": sender or chat_id},
                "location": {"latitude": 21.0285, "longitude": 105.8542},
            }
            return self._say(chat_id, sender, {kind: bodies[kind]}, f"[{kind}]", reply_to)
        file = self._store(kind, file_name, data, size)
        shapes: dict[str, object] = {
            "sticker": file | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
            "voice": file | {"duration": 3, "mime_type": "audio/ogg"},
            "photo": [file | {"width": 90, "height": 67}, file | {"width": 1280, "height": 960}],
            "document": file | {"file_name": file_name, "mime_type": "application/octet-stream"},
        }
        message = {kind: shapes[kind]} | ({"caption": caption} if caption else {})
        return self._say(chat_id, sender, message, caption or f"[{kind}]", reply_to)

    def press(
        self,
        chat_id: int,
        button: str,
        *,
        message_id: int | None = None,
        sender: int | None = None,
        forged: bool = False,
    ) -> Json:
        """Someone presses a button, found by its label or data on the newest message that has it, or on `message_id`.

        A forged press sends `button` as data from a message, whether or not it has, or still has, such a button.
        """
        with self.lock:
            chat = self._chats[chat_id]
            for number in [message_id] if message_id is not None else chat.keyboards[::-1]:
                message = self._messages[chat_id, number]
                rows = message.get("reply_markup", {}).get("inline_keyboard", [])
                found = [each for row in rows for each in row if button in (each["text"], each.get("callback_data"))]
                if forged or found:
                    break
            else:
                raise LookupError(f"no button {button!r} in chat {chat_id}")
            data = button if forged else found[0].get("callback_data")
            if data is None:
                raise LookupError(f"{button!r} opens an address; the bot learns nothing of it")
            who = self._sender(chat, sender)
            self._next_query += 1
            query = str(self._next_query)
            self._queries[query] = self.now()
            self.show(chat_id, "person", "press", button if forged else found[0]["text"], number)
            body = {"id": query, "from": who, "message": message, "chat_instance": str(chat_id), "data": data}
            return self.update("callback_query", body, who["id"], CALLBACK_LIFE)

    def react(self, chat_id: int, message_id: int, emoji: str, sender: int | None = None) -> Json:
        with self.lock:
            chat = self._chats[chat_id]
            self.show(chat_id, "person", "reaction", emoji, message_id)
            body = {
                "chat": chat.as_chat(),
                "message_id": message_id,
                "user": self._sender(chat, sender),
                "date": int(self.now()),
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": emoji}],
            }
            return self.update("message_reaction", body, chat_id)

    def block(self, chat_id: int, sender: int | None = None) -> Json:
        """A person blocks the bot, or a group throws it out."""
        return self._membership(chat_id, True, sender)

    def unblock(self, chat_id: int, sender: int | None = None) -> Json:
        return self._membership(chat_id, False, sender)

    def _membership(self, chat_id: int, blocked: bool, sender: int | None) -> Json:
        with self.lock:
            chat = self._chats.get(chat_id) or self._chats.setdefault(chat_id, Chat(chat_id, "Lan"))
            states = ("kicked" if chat.blocked else "member"), ("kicked" if blocked else "member")
            chat.blocked = blocked
            old, new = (
                {"user": self._myself, "status": status} | ({"until_date": 0} if status == "kicked" else {})
                for status in states
            )
            self.show(chat_id, "person", "block" if blocked else "unblock", "")
            body = {
                "chat": chat.as_chat(),
                "from": self._sender(chat, sender),
                "date": int(self.now()),
                "old_chat_member": old,
                "new_chat_member": new,
            }
            return self.update("my_chat_member", body, chat_id)

    def _sender(self, chat: Chat, sender: int | None) -> Json:
        number = sender or (chat.id if chat.private else 1001)
        return self._chats.setdefault(number, Chat(number, "Lan")).as_user()

    def _say(self, chat_id: int, sender: int | None, content: Json, seen: str, reply_to: int | None) -> Json:
        with self.lock:
            chat = self._chats.get(chat_id)
            if chat is None:
                if chat_id < 0:
                    raise LookupError(f"group({chat_id}) first")
                chat = self._chats.setdefault(chat_id, Chat(chat_id, "Lan"))
            message = self._message(chat, self._sender(chat, sender), content, reply_to)
            self.show(chat_id, "person", "message", seen, message["message_id"])
            return self.update("message", message, chat_id)

    # Updates on their way to the bot

    def update(self, kind: str, body: Json, lane: int = 0, life: float = DAY) -> Json:
        """Send the bot any update. As in Telegram, callback queries do not wait behind messages."""
        with self.lock:
            if kind not in self._allowed:
                return {"update_id": 0, kind: body}
            update = {"update_id": self._next_update, kind: body}
            which = "callback_query" if kind == "callback_query" else ""
            pending = Pending(self._next_update, (which, lane), self.now() + life, update)
            self._next_update += 1
            self._recent.append(pending)
            if self._held is not None:
                self._held.append(pending)
            else:
                self._enqueue(pending)
        self.wake()
        return update

    def _enqueue(self, pending: Pending) -> None:
        self._pending[pending.id] = pending
        if self._webhook:
            self._lanes.setdefault(pending.lane, deque()).append(pending)

    def hold(self) -> None:
        """Keep updates back until `release`."""
        with self.lock:
            self._held = self._held or []

    def release(self, update_ids: Sequence[int] | None = None) -> None:
        """Let the held updates go, to a webhook in the given order, which then holds across chats too."""
        with self.lock:
            held = {pending.id: pending for pending in self._held or ()}
            self._held = None
            if update_ids is not None and sorted(update_ids) != sorted(held):
                raise ValueError(f"held are {sorted(held)}")
            for number in update_ids or held:
                pending = held[number]
                lane = pending.lane if update_ids is None else ("released", min(held))
                self._enqueue(Pending(pending.id, lane, pending.expires, pending.update))
            self._pending = dict(sorted(self._pending.items()))  # a poller gets them in order all the same
        self.wake()

    def repeat(self, update_id: int) -> None:
        """Post an update to the webhook once more, as Telegram does when an answer was lost on the way."""
        with self.lock:
            if not self._webhook:
                raise ValueError("a poller gets an update again for as long as it does not confirm it")
            again = next((pending for pending in self._recent if pending.id == update_id), None)
            if again is None:
                raise LookupError(f"update {update_id} was not among the last {self._recent.maxlen}")
            self._enqueue(again)
        self.wake()

    async def _get_updates(self, arguments: Json, request: Request) -> object:
        if self._webhook:
            raise Refused(409, f"Conflict: {WEBHOOK_ACTIVE}")
        self._allow(arguments)
        offset, timeout = arguments.get("offset", 0), float(min(max(arguments.get("timeout", 0), 0), MAX_POLL))
        limit = min(max(arguments.get("limit", 100), 1), 100)
        self._poll += 1
        poll = self._poll
        self.wake()  # an earlier poll, if there is one, sees that it is not the last
        started = time.monotonic()
        last_offset, last_started = self._last_poll
        if (
            offset == last_offset
            and timeout < SAME_OFFSET_HELD
            and started < last_started + SAME_OFFSET_HELD * self.pace
        ):
            timeout = SAME_OFFSET_HELD * self.pace
        self._last_poll = (offset, started)
        with self.lock:
            first = offset if offset >= 0 else min([*self._pending][offset:], default=0)
            now = self.now()
            self._pending = {n: each for n, each in self._pending.items() if n >= first and each.expires > now}
        while True:
            with self.lock:
                updates = [pending.update for pending in islice(self._pending.values(), limit)]
            left = started + timeout - time.monotonic()
            if updates or left <= 0:
                return updates
            await self.changed(left)
            if self._webhook:
                raise Refused(409, "Conflict: terminated by setWebhook request")
            if self._poll != poll:
                if await request.is_disconnected():  # nobody is told, and the transcript shows no conflict
                    return []
                raise Refused(409, f"Conflict: {OTHER_POLLER}")

    def _allow(self, arguments: Json) -> None:
        if "allowed_updates" in arguments:  # else what was asked for last stays
            self._allowed = frozenset(arguments["allowed_updates"]) or UPDATES_BY_DEFAULT

    def _set_webhook(self, arguments: Json) -> object:
        url, secret = arguments["url"], arguments.get("secret_token", "")
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost")
        if not local and parts.scheme != "https":
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not local and (parts.port or 443) not in (443, 80, 88, 8443):
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise bad(
                "secret token contains unallowed characters" if len(secret) <= 256 else "secret token is too long"
            )
        self._allow(arguments)
        if arguments.get("drop_pending_updates"):
            self._pending.clear()
        webhook = Webhook(url, secret, min(max(arguments.get("max_connections", 40), 1), 100))
        if webhook == self._webhook:
            return "Webhook is already set"
        self._webhook, self._last_error = webhook, {}
        self._lanes.clear()
        for pending in self._pending.values():
            self._lanes.setdefault(pending.lane, deque()).append(pending)
        self.spawn(self._deliver(webhook))
        return "Webhook was set"

    def _delete_webhook(self, arguments: Json) -> object:
        was, self._webhook = self._webhook, None
        self._lanes.clear()
        if arguments.get("drop_pending_updates"):
            self._pending.clear()
        return "Webhook was deleted" if was else "Webhook is already deleted"

    def _webhook_info(self, arguments: Json) -> Json:
        info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self._pending)}
        if self._webhook:
            info |= {
                "url": self._webhook.url,
                "max_connections": self._webhook.max_connections,
                "ip_address": "127.0.0.1",
            }
        if self._allowed != UPDATES_BY_DEFAULT:
            info["allowed_updates"] = sorted(self._allowed)
        return info | self._last_error

    async def _deliver(self, webhook: Webhook) -> None:
        """Post what waits, the updates of a lane in order, up to `max_connections` lanes at a time."""
        slots, busy = asyncio.Semaphore(webhook.max_connections), set[tuple[str, int]]()
        client = httpx.AsyncClient(timeout=self.post_timeout, verify=False, trust_env=False)
        async with client, asyncio.TaskGroup() as posting:
            while self._webhook is webhook:
                with self.lock:
                    ready = self._lanes.keys() - busy
                for lane in ready:
                    busy.add(lane)
                    posting.create_task(self._drain(client, webhook, slots, lane, busy))
                await self.changed(60)

    async def _drain(
        self,
        client: httpx.AsyncClient,
        webhook: Webhook,
        slots: asyncio.Semaphore,
        lane: tuple[str, int],
        busy: set[tuple[str, int]],
    ) -> None:
        failed, delay = 0, 1.0
        while self._webhook is webhook:
            with self.lock:
                queue = self._lanes.get(lane)
                if not queue:
                    self._lanes.pop(lane, None)
                    busy.discard(lane)
                    return
                pending = queue[0]
            async with slots:
                status, retry_after = await self._post(client, webhook, pending)
            self.deliveries.append(Delivery(self.now(), pending.id, status))
            if 200 <= status < 300 or pending.expires <= self.now():
                with self.lock:
                    if queue and queue[0] is pending:
                        queue.popleft()
                    self._pending.pop(pending.id, None)
                failed, delay = 0, 1.0
                self.wake()
                continue
            # As Telegram does: the first failure is tried again at once, then after 2 s, 4 s, …
            wait = retry_after
            if not retry_after and failed:
                wait = delay = min(LONGEST_RETRY, delay * 2)
            failed += 1
            error = f"Wrong response from the webhook: {status}" if status else "Connection failed"
            self._last_error = {"last_error_date": int(self.now()), "last_error_message": error}
            self.wake()
            until = self.now() + wait * self.pace
            while self._webhook is webhook and (left := until - self.now()) > 0:
                await self.changed(left)

    async def _post(self, client: httpx.AsyncClient, webhook: Webhook, pending: Pending) -> tuple[int, float]:
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        body = json.dumps(pending.update, separators=(",", ":")).encode()
        try:
            answer = await client.post(webhook.url, content=body, headers=headers)
        except httpx.HTTPError:
            return 0, 0.0
        retry_after = answer.headers.get("Retry-After", "")
        return answer.status_code, float(retry_after) if retry_after.isdigit() else 0.0

    # What the bot asks for

    async def _bot(self, request: Request) -> Response:
        token, asked = request.path_params["token"], request.path_params["method"]
        method = NAMES.get(asked.lower(), asked)
        arguments: Json = {}
        refused: Refused | None = None
        try:
            arguments = await read_arguments(request)
            if MALFORMED.match(token):
                raise Refused(404)
            if token != self.token:
                raise Refused(401)
            if method not in METHODS:
                raise Refused(404, "Not Found: method not found")
            arguments = read_method(method, arguments)
        except BadBody as error:
            refused = bad(f"can't parse the request: {error}")
        except Refused as error:
            refused = error

        async def perform() -> Response:
            if refused:
                raise refused
            if method == "getUpdates":
                return answer_json({"ok": True, "result": await self._get_updates(arguments, request)})
            with self.lock:
                result = self._perform[method](arguments)
            if isinstance(result, str):
                return answer_json({"ok": True, "result": True, "description": result})
            return answer_json({"ok": True, "result": result})

        return await self.answer(request, method, arguments, perform)

    def refusal(self, refused: Refused) -> Response:
        code, retry_after = refused.code, refused.retry_after
        body: Json = {"ok": False, "error_code": code}
        headers = {}
        if code == 429:
            retry_after = 1 if retry_after is None else retry_after
            body["description"] = refused.description or f"Too Many Requests: retry after {retry_after}"
            body["parameters"] = {"retry_after": retry_after}
            headers["Retry-After"] = str(retry_after)
        else:
            body["description"] = refused.description or DESCRIPTIONS.get(code, f"Error {code}")
        return answer_json(body, code, headers)

    def _chat(self, arguments: Json) -> Chat:
        chat = self._chats.get(arguments["chat_id"])
        if chat is None:
            raise bad("chat not found")
        if chat.blocked:
            raise Refused(403, BLOCKED if chat.private else KICKED)
        return chat

    def _flood(self, chat: Chat) -> None:
        if not self.flood_rate:
            return
        now = self.now()
        until = max(chat.flood_until, now)
        ahead = until - now - (self.flood_burst - 1) / self.flood_rate
        if ahead > 0:
            raise Refused(429, retry_after=math.ceil(ahead))
        chat.flood_until = until + 1 / self.flood_rate

    def _message(self, chat: Chat, sender: Json, content: Json, reply_to: int | None = None) -> Json:
        message = {
            "message_id": self._next_message,
            "from": sender,
            "chat": chat.as_chat(),
            "date": int(self.now()),
            **content,
        }
        if reply_to is not None:
            replied = self._messages[chat.id, reply_to]
            message["reply_to_message"] = {k: v for k, v in replied.items() if k != "reply_to_message"}
        self._messages[chat.id, self._next_message] = message
        self._next_message += 1
        if "reply_markup" in content:
            chat.keyboards.append(message["message_id"])
        return message

    def _send(self, chat: Chat, arguments: Json, content: Json, text: str, **details: object) -> Json:
        reply_to = None
        if reply := arguments.get("reply_parameters"):
            if reply.get("chat_id", chat.id) == chat.id and (chat.id, reply["message_id"]) in self._messages:
                reply_to = reply["message_id"]
            elif not reply.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
        self._flood(chat)
        if rows := arguments.get("reply_markup", {}).get("inline_keyboard"):
            content["reply_markup"] = arguments["reply_markup"]
            details["buttons"] = rows
        message = self._message(chat, self._myself, content, reply_to)
        if reply_to is not None:
            details["reply_to"] = reply_to
        self.show(chat.id, "bot", "message", text, message["message_id"], **details)
        return message

    def _send_message(self, arguments: Json) -> Json:
        chat = self._chat(arguments)
        text, entities = formatted(arguments["text"], arguments.get("parse_mode"), MAX_TEXT, "message is too long")
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if "link_preview_options" in arguments:
            content["link_preview_options"] = arguments["link_preview_options"]
        return self._send(chat, arguments, content, text, entities=entities)

    def _send_draft(self, arguments: Json) -> bool:
        chat = self._chat(arguments)
        if not chat.private:
            raise bad("drafts can be sent to private chats only")
        if not arguments["draft_id"]:
            raise bad("draft_id must be non-zero")
        text, entities = formatted(arguments["text"], arguments.get("parse_mode"), MAX_TEXT, "message is too long")
        self.show(chat.id, "bot", "draft", text, arguments["draft_id"], entities=entities)
        return True

    def _send_document(self, arguments: Json) -> Json:
        chat, document = self._chat(arguments), arguments["document"]
        if isinstance(document, str):
            if document not in self._files:
                raise bad("wrong file identifier/HTTP URL specified")
            stored = self._files[document]
            document = Upload(stored.path.rpartition("/")[2], "application/octet-stream", stored.content)
        if not document.content:
            raise bad("file must be non-empty")
        if len(document.content) > 50 * MIB:
            raise Refused(413)
        content: Json = {}
        caption = ""
        if arguments.get("caption"):
            raw, mode = arguments["caption"], arguments.get("parse_mode")
            caption, entities = formatted(raw, mode, MAX_CAPTION, "message caption is too long")
            content = {"caption": caption} | ({"caption_entities": entities} if entities else {})
        file = self._store("document", document.name, document.content)
        content["document"] = file | {"file_name": document.name, "mime_type": document.type}
        return self._send(chat, arguments, content, caption, document=document.name, size=len(document.content))

    def _send_action(self, arguments: Json) -> bool:
        chat = self._chat(arguments)
        if arguments["action"] not in ACTIONS:
            raise bad("wrong parameter action in request")
        self.show(chat.id, "bot", "action", arguments["action"])
        return True

    def _own(self, chat: Chat, arguments: Json) -> Json:
        message = self._messages.get((chat.id, arguments["message_id"]))
        if message is None:
            raise bad("message to edit not found")
        if message["from"]["id"] != self.me["id"]:
            raise bad("message can't be edited")
        return message

    def _edited(self, chat: Chat, arguments: Json, old: Json, content: Json) -> Json:
        """Replace a message. Without reply_markup, its buttons go."""
        new = {key: value for key, value in old.items() if key not in ("text", "entities", "reply_markup", "edit_date")}
        new |= content
        markup = arguments.get("reply_markup", {})
        if markup.get("inline_keyboard"):
            new["reply_markup"] = markup
        compared = ("text", "entities", "reply_markup")
        if [old.get(key) for key in compared] == [new.get(key) for key in compared]:
            raise Refused(400, NOT_MODIFIED)
        self._flood(chat)
        number = old["message_id"]
        self._messages[chat.id, number] = new | {"edit_date": int(self.now())}
        chat.keyboards = [each for each in chat.keyboards if each != number]
        if "reply_markup" in new:
            chat.keyboards.append(number)
        details = {"entities": new.get("entities", []), "buttons": markup.get("inline_keyboard", [])}
        self.show(chat.id, "bot", "edit", new.get("text", ""), number, **details)
        return self._messages[chat.id, number]

    def _edit_text(self, arguments: Json) -> Json:
        chat = self._chat(arguments)
        old = self._own(chat, arguments)
        if "text" not in old:
            raise bad("there is no text in the message to edit")
        text, entities = formatted(arguments["text"], arguments.get("parse_mode"), MAX_TEXT, "message is too long")
        return self._edited(chat, arguments, old, {"text": text} | ({"entities": entities} if entities else {}))

    def _edit_markup(self, arguments: Json) -> Json:
        chat = self._chat(arguments)
        old = self._own(chat, arguments)
        return self._edited(chat, arguments, old, {key: old[key] for key in ("text", "entities") if key in old})

    def _answer_query(self, arguments: Json) -> bool:
        made = self._queries.get(arguments["callback_query_id"])
        if made is None or self.now() - made > self.callback_life:
            raise Refused(400, OLD_QUERY)
        if utf16(arguments.get("text", "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        del self._queries[arguments["callback_query_id"]]
        return True

    def _set_reaction(self, arguments: Json) -> bool:
        chat = self._chat(arguments)
        if (chat.id, arguments["message_id"]) not in self._messages:
            raise bad("message to react not found")
        emoji = "".join(reaction["emoji"] for reaction in arguments.get("reaction", ()))
        self.show(chat.id, "bot", "reaction", emoji, arguments["message_id"])
        return True

    def _commands_key(self, arguments: Json) -> tuple[str, str]:
        scope = arguments.get("scope", {"type": "default"})
        if "chat_id" in scope and scope["chat_id"] not in self._chats:
            raise bad("chat not found")
        return json.dumps(scope, sort_keys=True), arguments.get("language_code", "")

    def _set_commands(self, arguments: Json) -> bool:
        self._commands[self._commands_key(arguments)] = arguments["commands"]
        return True

    def _get_commands(self, arguments: Json) -> list[Json]:
        return self._commands.get(self._commands_key(arguments), [])

    def _delete_commands(self, arguments: Json) -> bool:
        self._commands.pop(self._commands_key(arguments), None)
        return True

    # Files

    def _store(self, kind: str, name: str, content: bytes, size: int | None = None) -> Json:
        number = len(self._files)
        file_id = f"file-{number}"
        suffix = name.rpartition(".")[2] if kind == "document" else {"photo": "jpg", "voice": "oga"}.get(kind, "webp")
        stored = StoredFile(f"{kind}s/file_{number}.{suffix}", content, len(content) if size is None else size)
        self._files[file_id] = stored
        return {"file_id": file_id, "file_unique_id": f"unique-{number}", "file_size": stored.size}

    def _get_file(self, arguments: Json) -> Json:
        file_id = arguments["file_id"]
        stored = self._files.get(file_id)
        if stored is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if stored.size > 20 * MIB:
            raise bad("file is too big")
        unique = file_id.replace("file", "unique")
        return {"file_id": file_id, "file_unique_id": unique, "file_size": stored.size, "file_path": stored.path}

    async def _download(self, request: Request) -> Response:
        async def perform() -> Response:
            if request.path_params["token"] != self.token:
                raise Refused(401)
            for stored in self._files.values():
                if stored.path == request.path_params["path"] and stored.size <= 20 * MIB:
                    return Response(stored.content, media_type="application/octet-stream")
            raise Refused(404)

        return await self.answer(request, "file", {"path": request.path_params["path"]}, perform)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a stand-in for Telegram's Bot API until interrupted.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    options = parser.parse_args()
    run_alone(TelegramServer(options.token), options.port)


if __name__ == "__main__":
    main()

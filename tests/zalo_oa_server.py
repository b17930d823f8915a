"""A strict local stand-in for the Zalo Official Account API, its OAuth server and its webhook, over real HTTP.

Refusals come as HTTP 200 with a negative `error`. What is not known of the platform stands in one named place each
("unknown:"). `python tests/zalo_oa_server.py --port 0` serves alone and prints its address.
"""

import argparse
import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from platforms import BadBody, Json, Refused, Upload, answer_json, read_arguments, run_alone
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from zalo_bot_server import Event, WebhookPlatform, length

APP_ID, APP_SECRET = "1234567890", "app-secret"
OA_ID, OA_SECRET = "oa1", "oa-secret-key"
HOUR, DAY = 3600.0, 86_400.0
CODE_LIFE, ACCESS_LIFE, REFRESH_LIFE, ASSET_LIFE = 600.0, 25 * HOUR, 90 * DAY, 7 * DAY
FREE_WINDOW, WINDOW = 48 * HOUR, 7 * DAY
RETRY_DELAYS = (30.0, 300.0, 900.0, 1800.0, 3600.0)
MAX_TEXT, MAX_BUTTONS, MAX_TITLE, MAX_PAYLOAD = 2000, 5, 100, 1000
MAX_IMAGE = 2**20
REQUESTS_A_MINUTE = 4000
MESSAGES = {
    -32: "API rate limit exceeded",
    -100: "Attachment is expired",
    -200: "Send message failed",
    -201: "Parameter is invalid",
    -209: "App is not active",
    -210: "Parameter exceeds the limit",
    -211: "Out of quota",
    -212: "API is not registered",
    -213: "User has not followed the OA",
    -216: "Access token is invalid",
    -220: "Access token is expired or removed",
    -224: "The OA needs a higher package",
    -227: "User is banned or inactive",
    -230: "User has not interacted with the OA in the past 7 days",
    -233: "Message type is not supported",
    -240: "This API version is shut down",
    -244: "User has blocked messages from the OA",
}
OAUTH_NAMES = {
    -14002: "Invalid app",
    -14004: "Invalid grant type",  # unknown: the code
    -14005: "Invalid authorization code",
    -14014: "Invalid refresh token",
    -14019: "Authorization code expired",
    -14020: "Refresh token expired",
}
BODY_FORMS: Mapping[str, dict[str, Any]] = {
    "compact": {"ensure_ascii": False, "separators": (",", ":")},
    "pretty": {"ensure_ascii": False, "indent": 2},
    "escaped": {"ensure_ascii": True, "separators": (",", ":")},
}


def signature(app_id: str, body: bytes, timestamp: str, key: str) -> str:
    """The hex after `mac=`: plain SHA-256 over the bytes as they are sent, not an HMAC."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + key.encode()).hexdigest()


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    expires: float


@dataclass(slots=True)
class Person:
    id: str
    name: str = "Lan"
    follows: bool = False
    last: float | None = None  # when they last wrote, followed or pressed
    refusal: int = 0  # the code with which whatever is sent to them fails
    messages: dict[str, Sequence[Json]] = field(default_factory=dict)  # the buttons of each, both ways, oldest first


# Arguments


def invalid(name: str) -> Refused:
    return Refused(-201, f"{name} is invalid")


def too_much(name: str) -> Refused:
    return Refused(-210, f"{name} exceeds the limit")


def _object(value: object, name: str, required: set[str], optional: frozenset[str] = frozenset()) -> Json:
    """A field that nobody documents is refused too: what the platform ignores we should not send."""
    if not isinstance(value, dict):
        raise invalid(name)
    for key in (*required, *value):
        if key not in value or not (key in required or key in optional):
            raise invalid(f"{name}.{key}" if name else key)
    return value


def _string(value: object, name: str, longest: int = 0) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid(name)
    if longest and length(value) > longest:
        raise too_much(name)
    return value


def _web_address(value: object, name: str) -> str:
    parts = urlsplit(url := _string(value, name))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(name)
    return url


def _phone(value: object, name: str) -> None:
    if not _string(value, name).removeprefix("+").isdigit():
        raise invalid(name)


def _button(value: object, name: str) -> Json:
    button = _object(value, name, {"title", "type", "payload"})
    _string(button["title"], f"{name}.title", MAX_TITLE)
    payload, inside = button["payload"], f"{name}.payload"
    match button["type"]:
        case "oa.open.url":
            _web_address(_object(payload, inside, {"url"})["url"], f"{inside}.url")
        case "oa.query.show" | "oa.query.hide":
            _string(payload, inside, MAX_PAYLOAD)
        case "oa.open.phone":
            _phone(_object(payload, inside, {"phone_code"})["phone_code"], f"{inside}.phone_code")
        case "oa.open.sms":
            _object(payload, inside, {"phone_code", "content"})
            _phone(payload["phone_code"], f"{inside}.phone_code")
            _string(payload["content"], f"{inside}.content")
        case _:
            raise invalid(f"{name}.type")
    return button


def _buttons(value: object) -> list[Json]:
    if not isinstance(value, list) or not value:
        raise invalid("payload.buttons")
    if len(value) > MAX_BUTTONS:
        raise too_much("payload.buttons")
    return [_button(each, f"buttons[{n}]") for n, each in enumerate(value)]


# The server


class ZaloOAServer(WebhookPlatform):
    def __init__(
        self, app_id: str = APP_ID, app_secret: str = APP_SECRET, oa_id: str = OA_ID, oa_secret: str = OA_SECRET
    ) -> None:
        # Each call with its method, by its path; faults and the transcript call it by its name.
        self._paths: dict[str, tuple[str, str, Callable[[Json], Json]]] = {
            "/v3.0/oa/message/cs": ("POST", "message/cs", self._send_cs),
            "/v3.0/oa/message/template": ("POST", "message/template", self._send_template),
            "/v3.0/oa/message/transaction": ("POST", "message/transaction", _shut_down),
            "/v3.0/oa/message/promotion": ("POST", "message/promotion", _shut_down),
            "/v3.0/oa/user/detail": ("GET", "user/detail", self._user_detail),
            "/v2.0/oa/getoa": ("GET", "getoa", self._getoa),
            "/v2.0/oa/message": ("POST", "message", self._react),
            "/v2.0/oa/upload/image": ("POST", "upload/image", self._upload_image),
            "/v2.0/oa/upload/gif": ("POST", "upload/gif", self._upload_gif),
            "/v2.0/oa/upload/file": ("POST", "upload/file", self._upload_file),
        }
        super().__init__(
            [
                Route("/v4/oa/access_token", self._oauth, methods=["GET", "POST"]),
                Route("/v{path:path}", self._api, methods=["GET", "POST"]),
            ]
        )
        self.access, self.refresh = Token("", 0.0), Token("", 0.0)
        self.app_id, self.app_secret, self.oa_id, self.oa_secret = app_id, app_secret, oa_id, oa_secret
        self.delays, self.retry_on = RETRY_DELAYS, ("failure",)
        self.webhook_disabled = False  # as after the last retry
        self.body_form = "compact"
        self.echo = True  # whether what the account sends comes back as oa_send_…
        self.rate_limit = REQUESTS_A_MINUTE
        self.billed = 0  # messages sent beyond the free window, and by template
        self.templates: dict[str, Sequence[str]] = {}  # approved ones, with the names of their data
        self.switches |= {
            "webhook",
            "webhook_disabled",
            "body_form",
            "echo",
            "rate_limit",
            "templates",
            "app_secret",
            "oa_secret",
        }
        self.controls |= {
            "consent": self.consent,
            "issue": self.issue,
            "revoke": self.revoke,
            "tokens": lambda: {"access_token": self.access.value, "refresh_token": self.refresh.value},
            "save_webhook": self.save_webhook,
            "webhook": lambda: self.webhook,
            "person": self.person,
            "text": self.text,
            "media": self.media,
            "follow": self.follow,
            "unfollow": self.unfollow,
            "received": self.received,
            "seen": self.seen,
            "press": self.press,
            "staff": self.staff,
            "event": self.event,
            "billed": lambda: self.billed,
        }
        self._people: dict[str, Person] = {}
        self._codes: dict[str, tuple[str, float]] = {}  # the challenge and the end of each
        self._dead: set[str] = set()  # access tokens that were good once
        self._assets: dict[str, tuple[str, float]] = {}  # the kind and the end of each
        self._minute, self._requests = 0, 0
        self.issue()

    # The console

    def consent(self, code_challenge: str) -> str:
        """The account's administrator agrees; the code that the callback would bring, good once and for ten minutes."""
        code = secrets.token_urlsafe(24)
        with self.lock:
            self._codes[code] = (code_challenge, self.now() + CODE_LIFE)
        return code

    def issue(self) -> Json:
        """A new pair of tokens; the old one is worthless from now on."""
        with self.lock:
            if self.access.value:
                self._dead.add(self.access.value)
            self.access = Token(secrets.token_urlsafe(48), self.now() + ACCESS_LIFE)
            self.refresh = Token(secrets.token_urlsafe(48), self.now() + REFRESH_LIFE)
            tokens = {"access_token": self.access.value, "refresh_token": self.refresh.value}
            return {**tokens, "expires_in": str(int(ACCESS_LIFE))}  # a string, as the platform has it

    def revoke(self) -> None:
        """The access token dies early; the refresh token stays good."""
        with self.lock:
            self._dead.add(self.access.value)
            self.access = Token("", 0.0)

    def save_webhook(self, url: str) -> None:
        """Probe the address with an unsigned `{}`, and make it the webhook if it answers 200 in time.

        The probe is a delivery like others; `set` the switch `webhook` to do without it.
        """
        if self._loop is None:
            raise RuntimeError("the server does not run")
        self._loop.call_soon_threadsafe(lambda: self.spawn(self._save_webhook(url)))

    async def _save_webhook(self, url: str) -> None:
        delivery = await self.post(url, Event("", "probe", {}), 1)
        if delivery.status == 200 and delivery.seconds <= self.deadline:
            self.webhook, self.webhook_disabled = url, False
        self.record(delivery)

    # What people do. Each returns the event.

    def person(
        self, user: str, name: str | None = None, *, follows: bool | None = None, refusal: int | None = None
    ) -> None:
        """Someone with a name, who follows or not; with a `refusal` such as -244 nothing can be sent to them."""
        with self.lock:
            person = self._person(user)
            person.name = person.name if name is None else name
            person.follows = person.follows if follows is None else follows
            if follows and person.last is None:
                person.last = self.now()
            person.refusal = person.refusal if refusal is None else refusal

    def text(self, user: str, text: str) -> Json:
        return self._say(user, "user_send_text", {"text": text}, "message", text)

    def media(self, user: str, kind: str, *, url: str = "https://tep.example/1", text: str = "") -> Json:
        """Someone sends an image, sticker, file, audio, gif, video, …"""
        payload = {"url": url} | ({"thumbnail": f"{url}/nho"} if kind == "image" else {})
        content = ({"text": text} if text else {}) | {"attachments": [{"type": kind, "payload": payload}]}
        return self._say(user, f"user_send_{kind}", content, "message", text or f"[{kind}]")

    def follow(self, user: str) -> Json:
        with self.lock:
            person = self._person(user)
            person.follows, person.last = True, self.now()
        return self._follower(user, "follow")

    def unfollow(self, user: str) -> Json:
        with self.lock:
            self._person(user).follows = False
        return self._follower(user, "unfollow")

    def received(self, user: str, message_id: str) -> Json:
        return self.event(user, "user_received_message", {"message": {"msg_id": message_id}})

    def seen(self, user: str, message_ids: Sequence[str]) -> Json:
        return self.event(user, "user_seen_message", {"message": {"msg_ids": list(message_ids)}})

    def press(self, user: str, button: str, *, message_id: str | None = None) -> Json:
        """Someone presses a button, found by its title or payload on the newest message that has it, or on one.

        Unknown: what a press sends. It is believed to be user_send_text with the payload as its text.
        """
        with self.lock:
            messages = self._person(user).messages
            for number in [message_id] if message_id is not None else reversed(messages):
                found = [each for each in messages.get(number, ()) if button in (each["title"], each["payload"])]
                if found:
                    break
            else:
                raise LookupError(f"no button {button!r} for {user}")
            pressed = found[0]
        if not pressed["type"].startswith("oa.query."):
            raise LookupError(f"{button!r} opens something; the account learns nothing of it")
        what = "message" if pressed["type"] == "oa.query.show" else "press"
        return self._say(user, "user_send_text", {"text": pressed["payload"]}, what, pressed["payload"])

    def staff(self, user: str, text: str, admin_id: str = "quan-tri-1") -> Json:
        """A colleague writes from the account's own page: for us an echo of what we have not sent."""
        with self.lock:
            message_id = self.new_id()
            self._person(user).messages[message_id] = ()
            self.show(user, "bot", "staff", text, message_id)
        return self._echo(user, "oa_send_text", {"text": text, "msg_id": message_id}, {"admin_id": admin_id})

    def event(self, user: str, name: str, content: Json) -> Json:
        """Send the webhook any event of a person's, such as one whose name nobody has heard of."""
        body = {"app_id": self.app_id, "sender": {"id": user}, "recipient": {"id": self.oa_id}, "event_name": name}
        return self._post(user, body | content | {"timestamp": str(self.stamp()), "user_id_by_app": f"app-{user}"})

    def _person(self, user: str) -> Person:
        return self._people.get(user) or self._people.setdefault(user, Person(user))

    def _say(self, user: str, name: str, content: Json, what: str, seen: str) -> Json:
        with self.lock:
            person, message_id = self._person(user), self.new_id()
            person.last = self.now()
            person.messages[message_id] = ()
            self.show(user, "person", what, seen, message_id)
        return self.event(user, name, {"message": {**content, "msg_id": message_id}})

    def _follower(self, user: str, name: str) -> Json:
        self.show(user, "person", name, "")
        body = {
            "oa_id": self.oa_id,
            "follower": {"id": user},
            "user_id_by_app": f"app-{user}",
            "event_name": name,
            "source": "oa_profile",
            "app_id": self.app_id,
            "timestamp": str(self.stamp()),
        }
        return self._post(user, body)

    def _echo(self, user: str, name: str, message: Json, more: Json) -> Json:
        body = {"app_id": self.app_id, "sender": {"id": self.oa_id}, "recipient": {"id": user}, "event_name": name}
        return self._post(user, body | more | {"message": message, "timestamp": str(self.stamp())})

    def _post(self, user: str, body: Json) -> Json:
        self.deliver(Event(user, body["event_name"], body))
        return body

    # The webhook

    def closed(self) -> str:
        return "disabled" if self.webhook_disabled else super().closed()

    def prepare(self, event: Event, attempt: int) -> tuple[Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json"}
        if not event.body:
            return headers, b"{}"
        body = event.body if attempt == 1 else event.body | {"num_retry": attempt - 1}
        sent = json.dumps(body, **BODY_FORMS[self.body_form]).encode()
        mac = signature(self.app_id, sent, str(body.get("timestamp", "")), self.oa_secret)
        return headers | {"X-ZEvent-Signature": f"mac={mac}"}, sent

    def given_up(self, event: Event) -> None:
        self.webhook_disabled = True

    # Tokens

    async def _oauth(self, request: Request) -> Response:
        arguments, unreadable = await _read(request)

        async def perform() -> Response:
            form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
            if unreadable or request.method != "POST" or request.url.query or not form:
                raise Refused(-14004, "Invalid request")
            if arguments.get("app_id") != self.app_id or request.headers.get("secret_key") != self.app_secret:
                raise Refused(-14002)
            with self.lock:
                match arguments.get("grant_type"):
                    case "authorization_code":
                        self._use_code(arguments)
                    case "refresh_token":
                        self._use_refresh_token(arguments)
                    case _:
                        raise Refused(-14004)
                return answer_json(self.issue())

        return await self.answer(request, "access_token", arguments, perform)

    def _use_code(self, arguments: Json) -> None:
        code_challenge, ends = self._codes.pop(arguments.get("code", ""), ("", 0.0))
        # Unknown: the code of an error for a wrong verifier.
        if not code_challenge or challenge(arguments.get("code_verifier", "")) != code_challenge:
            raise Refused(-14005)
        if self.now() >= ends:
            raise Refused(-14019)

    def _use_refresh_token(self, arguments: Json) -> None:
        if arguments.get("refresh_token") != self.refresh.value:
            raise Refused(-14014)
        if self.now() >= self.refresh.expires:
            raise Refused(-14020)

    # The API

    async def _api(self, request: Request) -> Response:
        path = request.scope["path"]
        http_method, name, function = self._paths.get(path, ("", path, _unregistered))
        arguments, unreadable = await _read(request)

        async def perform() -> Response:
            with self.lock:
                self._count()
                self._authorize(request.headers.get("access_token", ""))
                if http_method not in ("", request.method):
                    raise Refused(-212)  # unknown: the code
                if unreadable:
                    raise Refused(-201, f"The body is invalid: {unreadable}")
                data = function(arguments)
            return answer_json({"data": data, "error": 0, "message": "Success"}, headers=self._rate())

        return await self.answer(request, name, arguments, perform)

    def refusal(self, refused: Refused) -> Response:
        code = refused.code
        if code <= -14000:
            return answer_json({"error": code, "error_name": refused.description or OAUTH_NAMES.get(code, "Error")})
        body = {"error": code, "message": refused.description or MESSAGES.get(code, "Error")}
        return answer_json(body, headers=self._rate())

    def _count(self) -> None:
        minute = int(self.now() // 60)
        if minute != self._minute:
            self._minute, self._requests = minute, 0
        self._requests += 1
        if self._requests > self.rate_limit:
            raise Refused(-32)

    def _rate(self) -> dict[str, str]:
        left = max(self.rate_limit - self._requests, 0)
        return {"X-RateLimit-Limit": str(self.rate_limit), "X-RateLimit-Remain": str(left)}

    def _authorize(self, token: str) -> None:
        if token and token == self.access.value:
            if self.now() >= self.access.expires:
                raise Refused(-220)
        else:
            raise Refused(-220 if token in self._dead else -216)

    def _reachable(self, user: object) -> Person:
        person = self._people.get(_string(user, "user_id"))
        if person is None or (person.last is None and not person.follows):
            raise Refused(-213)
        if person.refusal:
            raise Refused(person.refusal)
        return person

    def _in_window(self, person: Person) -> bool:
        """Whether a message is free; refused where none may be sent any more. Someone who follows has interacted."""
        since = self.now() - (person.last or 0.0)
        if since > WINDOW:
            raise Refused(-230)
        return since <= FREE_WINDOW

    def _sent(self, person: Person, what: str, text: str, buttons: Sequence[Json] = (), **details: object) -> Json:
        message_id = self.new_id()
        person.messages[message_id] = buttons
        self.show(person.id, "bot", what, text, message_id, buttons=buttons, **details)
        return {"message_id": message_id, "user_id": person.id, "sent_time": str(self.stamp())}

    def _send_cs(self, arguments: Json) -> Json:
        body = _object(arguments, "", {"recipient", "message"})
        recipient = _object(body["recipient"], "recipient", {"user_id"})
        quoting = frozenset({"quote_message_id", "react_message_id"})  # unknown: which of them quotes
        message = _object(body["message"], "message", set(), quoting | {"text", "attachment"})
        kind, buttons, details = self._attachment(message)
        person = self._reachable(recipient["user_id"])
        for name in quoting & message.keys():
            if message[name] not in person.messages:
                raise invalid(f"message.{name}")
            details["quoted"] = message[name]
        if not self._in_window(person):
            self.billed += 1
        text = message.get("text", "")
        data = self._sent(person, "message" if kind == "text" else kind, text, buttons, **details)
        if self.echo:
            echoed = {"text": text} if text else {}
            if kind != "text":
                echoed |= {"attachments": [{"type": kind, "payload": details}]}
            self._echo(person.id, f"oa_send_{kind}", echoed | {"msg_id": data["message_id"]}, {})
        return data

    def _attachment(self, message: Json) -> tuple[str, Sequence[Json], Json]:
        """What kind of message it is, with its buttons and what else it shows."""
        if "text" in message:
            _string(message["text"], "message.text", MAX_TEXT)
        if "attachment" not in message:
            if "text" not in message:
                raise invalid("message.text")
            return "text", (), {}
        attachment = _object(message["attachment"], "attachment", {"type", "payload"})
        payload = attachment["payload"]
        match attachment["type"]:
            case "file":
                if "text" in message:
                    raise invalid("message.text")
                token = _object(payload, "payload", {"token"})["token"]
                return "file", (), {"token": self._asset(token, "file", "payload.token")}
            case "template" if isinstance(payload, dict) and "buttons" in payload:
                if "text" not in message:
                    raise invalid("message.text")
                return "text", _buttons(_object(payload, "payload", {"buttons"})["buttons"]), {}
            case "template":
                return "image", (), self._image(payload)
            case _:
                raise Refused(-233)

    def _image(self, payload: object) -> Json:
        media = _object(payload, "payload", {"template_type", "elements"})
        if media["template_type"] != "media":
            raise Refused(-233)
        elements = media["elements"]
        if not isinstance(elements, list) or len(elements) != 1:
            raise invalid("payload.elements")
        element = _object(elements[0], "elements[0]", {"media_type"}, frozenset({"url", "attachment_id"}))
        if element["media_type"] not in ("image", "gif") or len(element) != 2:
            raise invalid("elements[0]")
        if "url" in element:
            return {"url": _web_address(element["url"], "elements[0].url")}
        asset = self._asset(element["attachment_id"], element["media_type"], "elements[0].attachment_id")
        return {"attachment_id": asset}

    def _asset(self, value: object, kind: str, name: str) -> str:
        stored, ends = self._assets.get(_string(value, name), ("", 0.0))
        if stored != kind:
            raise invalid(name)
        if self.now() >= ends:
            raise Refused(-100)
        return str(value)

    def _send_template(self, arguments: Json) -> Json:
        body = _object(arguments, "", {"user_id", "template_id", "template_data"})
        names = self.templates.get(_string(body["template_id"], "template_id"))
        if names is None:
            raise invalid("template_id")
        data = _object(body["template_data"], "template_data", set(names))
        person = self._reachable(body["user_id"])
        self.billed += 1
        return self._sent(person, "template", "", template_id=body["template_id"], template_data=data)

    def _user_detail(self, arguments: Json) -> Json:
        asked = _object(arguments, "", {"data"})["data"]
        try:
            query = _object(json.loads(asked), "data", {"user_id"})
        except (TypeError, ValueError):
            raise invalid("data") from None
        person = self._people.get(_string(query["user_id"], "user_id"))
        if person is None or not person.follows:
            raise Refused(-213)
        return {"user_id": person.id, "display_name": person.name, "user_is_follower": True}

    def _getoa(self, arguments: Json) -> Json:
        return {"oaid": self.oa_id, "name": "UBND phường", "is_verified": True, "oa_type": 4}

    def _react(self, arguments: Json) -> Json:
        if "message" in arguments:
            raise Refused(-240)
        body = _object(arguments, "", {"recipient", "sender_action"})
        person = self._reachable(_object(body["recipient"], "recipient", {"user_id"})["user_id"])
        action = _object(body["sender_action"], "sender_action", {"react_icon", "react_message_id"})
        icon, message_id = _string(action["react_icon"], "react_icon"), action["react_message_id"]
        if message_id not in person.messages:
            raise invalid("react_message_id")
        self._in_window(person)
        self.show(person.id, "bot", "reaction", icon, message_id)
        return {"message_id": message_id, "user_id": person.id}

    def _upload_image(self, arguments: Json) -> Json:
        return {"attachment_id": self._store(arguments, "image", MAX_IMAGE)}

    def _upload_gif(self, arguments: Json) -> Json:
        return {"attachment_id": self._store(arguments, "gif", 0)}

    def _upload_file(self, arguments: Json) -> Json:
        return {"token": self._store(arguments, "file", 0)}

    def _store(self, arguments: Json, kind: str, largest: int) -> str:
        file = _object(arguments, "", {"file"})["file"]
        if not isinstance(file, Upload) or not file.content:
            raise invalid("file")
        if largest and len(file.content) > largest:
            raise too_much("file")
        asset = self.new_id()
        self._assets[asset] = (kind, self.now() + ASSET_LIFE)
        return asset


def _shut_down(arguments: Json) -> Json:
    raise Refused(-240)


def _unregistered(arguments: Json) -> Json:
    raise Refused(-212)  # unknown: what is said of a path that does not exist


async def _read(request: Request) -> tuple[Json, str]:
    """The arguments, or what is wrong with them."""
    try:
        return await read_arguments(request), ""
    except BadBody as error:
        return {}, str(error)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a stand-in for the Zalo OA API until interrupted.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--app-id", default=APP_ID)
    parser.add_argument("--app-secret", default=APP_SECRET)
    parser.add_argument("--oa-id", default=OA_ID)
    parser.add_argument("--oa-secret", default=OA_SECRET)
    options = parser.parse_args()
    run_alone(ZaloOAServer(options.app_id, options.app_secret, options.oa_id, options.oa_secret), options.port)


if __name__ == "__main__":
    main()

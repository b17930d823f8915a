"""A message of any channel -> what to reply, what to remember of it, and what else is to be recorded.

A command is typed ("/nguon 1") or comes from a button, which adds the id of the answer it belongs to
("/nguon 1 0123456789ab"). Nothing here knows a platform, and nothing is stored here.
"""

import dataclasses
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import messages
from bot.answering.answer import Ask
from bot.answering.conversation import Conversation, continued, understood
from bot.channels import admin
from bot.channels.inbox import Erased
from bot.channels.message import Button, Inbound, Kind, Reply
from bot.dialogue import Answer, Citation, Question, Receipt, Status
from bot.render import printable
from corpus.language.normalize import clean, fold

logger = logging.getLogger(__name__)

_COMMAND = re.compile(r"/\s*([a-z]+(?:[_-][a-z]+)*)(?:@\w+)?((?:\W.*)?)", re.DOTALL)
_YOUR_ID = re.compile(r"/\s*ma(?:[ _-]?(?:cua[ _-]?)?toi)?")
_ARGUMENT = re.compile(r"\w+")
_ID = re.compile(r"[0-9a-f]{12}")
_NUMBER = re.compile(r"[1-9]\d?")
_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")  # the skin of a thumb
# What people type who do not know of commands; the whole message, folded.
_WORDS = {"👍": "/tot", "👎": "/chua_tot", "tro giup": "/help", "nguon": "/nguon"}
_SOURCE_WORDS = re.compile(r"(?:xem )?nguon (?:so )?(\d)")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a reply may be made from. `find` looks among the answers of the conversation at hand alone.

    `days`: for how long messages are kept. `office` is None but for an admin.
    """

    ask: Ask
    contacts: Callable[[], Answer]
    find: Callable[[str], Receipt | None]
    now: Callable[[], datetime]
    days: int
    office: admin.Office | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    answer_id: str
    verdict: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """`reply` is None where nothing can be sent. `answer` is to be kept, `erase` to be done before the reply is sent.

    The counts in the reply to an erasure are known after it: see `erased`.
    """

    reply: Reply | None
    conversation: Conversation
    answer: Answer | None = None
    verdict: Verdict | None = None
    erase: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command with what stood behind it: a number or a word, and the answer it is about, if there is one."""

    desk: Desk
    conversation: Conversation
    argument: str
    answer_id: str


Command = Callable[[_Asked], Response]


def respond(message: Inbound, conversation: Conversation, desk: Desk) -> Response:
    """The reply to one message in its conversation."""
    if message.file and desk.office:
        return Response(admin.take_in(desk.office, message.file), conversation)
    match message.kind:
        case Kind.TEXT:
            return _text(message, conversation, desk)
        case Kind.JOINED:
            return _welcome(_Asked(desk, conversation, "", ""))
        case Kind.LEFT:
            return Response(None, Conversation())
        case Kind.HIDDEN:
            return _contacts(desk, conversation, messages.HIDDEN)
        case Kind.TOO_MANY:
            return _say(messages.TOO_MANY, conversation)
        case Kind.OVERLOAD:
            return _say(messages.OVERLOAD, conversation)
        case Kind.OTHER | Kind.ERASE:
            return _say(messages.ONLY_TEXT, conversation)


def erased(count: Erased) -> Reply:
    return Reply(messages.ERASED.format(**dataclasses.asdict(count)))


def with_doubt(reply: Reply) -> Reply:
    """The reply behind a note that the one before it may not have arrived."""
    before = f"{messages.DOUBTFUL}\n\n"
    bold = tuple((start + len(before), end + len(before)) for start, end in reply.bold)
    return dataclasses.replace(reply, text=before + reply.text, bold=bold)


def _text(message: Inbound, conversation: Conversation, desk: Desk) -> Response:
    text = message.text
    folded = _TONE.sub("", fold(clean(text))).strip()
    if conversation.answer_id:
        folded = _WORDS.get(folded, folded)
        folded = _SOURCE_WORDS.sub(r"/nguon \1", folded) if _SOURCE_WORDS.fullmatch(folded) else folded
    if not folded.startswith("/"):
        return _answered(desk.ask(understood(conversation, text, desk.now())), desk)
    if asked := admin.command(text):
        do, argument = asked
        if desk.office:
            return Response(do(desk.office, argument), conversation)
        logger.warning("%s: somebody who is no admin has sent an admin's command", message.channel)
    if _YOUR_ID.fullmatch(folded) and not message.reply_to:  # in a group, `chat` is the group's
        return _say(messages.YOUR_ID.format(account=f"{message.channel}:{message.chat}"), conversation)
    if (found := _COMMAND.fullmatch(folded)) and (called := _called(found[1], _ARGUMENT.findall(found[2]))):
        command, arguments = called
        answer_id = next((one for one in arguments if _ID.fullmatch(one)), conversation.answer_id)
        argument = next((one for one in arguments if not _ID.fullmatch(one)), "")
        return command(_Asked(desk, conversation, argument, answer_id))
    return _say(messages.UNKNOWN_COMMAND.format(command=printable(text.split(maxsplit=1)[0])[:40]), conversation)


def _called(name: str, arguments: Sequence[str]) -> tuple[Command, Sequence[str]] | None:
    """The command, written as "/lienhe", "/lien_he", "/lien-he" or "/lien he", and what stands behind it."""
    name = name.replace("-", "_")
    if arguments and (command := COMMANDS.get(f"{name}_{arguments[0]}")):
        return command, arguments[1:]
    command = COMMANDS.get(name) or _IN_ONE_WORD.get(name)
    return (command, arguments) if command else None


def _answered(answer: Answer, desk: Desk) -> Response:
    is_choice = answer.status is Status.UNANSWERABLE_AMBIGUOUS
    reply = Reply(
        text=printable(answer.text),
        bold=answer.bold,
        language=answer.language,
        sources=answer.citations,
        suggestions=() if is_choice else answer.suggestions,
        choices=answer.suggestions if is_choice else (),
        answer_id=answer.answer_id,
    )
    return Response(reply, continued(answer, desk.now()), answer)


def _say(text: str, conversation: Conversation, *buttons: Button) -> Response:
    return Response(Reply(text, buttons=buttons), conversation)


def _welcome(asked: _Asked) -> Response:
    """The greeting's own suggestions come with it."""
    greeted = asked.desk.ask(Question("Xin chào"))
    text = f"{messages.WELCOME}\n\n{messages.PRIVACY.format(days=asked.desk.days)}"
    return _answered(dataclasses.replace(greeted, text=text, bold=()), asked.desk)


def _help(asked: _Asked) -> Response:
    own = f"\n\n{messages.ADMIN_HELP}" if asked.desk.office else ""
    return _say(messages.CHANNEL_HELP + own, asked.conversation)


def _start_anew(_: _Asked) -> Response:
    return _say(messages.NEW_CONVERSATION, Conversation())


def _erase(_: _Asked) -> Response:
    return Response(None, Conversation(), erase=True)


def _contact(asked: _Asked) -> Response:
    return _contacts(asked.desk, asked.conversation, messages.CONTACTS)


def _contacts(desk: Desk, conversation: Conversation, opening: str) -> Response:
    answer = desk.contacts()
    if not answer.citations:
        return _say(messages.NO_CONTACTS, conversation)
    text = f"{opening}\n{answer.text}"
    shown = dataclasses.replace(answer, text=text, bold=())
    reply = Reply(text, sources=answer.citations, answer_id=answer.answer_id)
    return Response(reply, dataclasses.replace(conversation, answer_id=answer.answer_id), shown)


def _kept(asked: _Asked) -> Receipt | None:
    return asked.desk.find(asked.answer_id) if asked.answer_id else None


def _not_kept(asked: _Asked) -> Response:
    return _say(messages.NO_LONGER_KEPT if asked.answer_id else messages.NOTHING_ASKED, asked.conversation)


def _sources(asked: _Asked) -> Response:
    """The exact words of one source, or of each if no number is given."""
    receipt = _kept(asked)
    if receipt is None:
        return _not_kept(asked)
    if not receipt.citations:
        return _say(messages.NO_SOURCES, asked.conversation)
    wanted = [one for one in receipt.citations if asked.argument in ("", str(one.number))]
    if not wanted:
        return _say(messages.NO_SUCH_SOURCE.format(count=len(receipt.citations)), asked.conversation)
    return _say("\n\n".join(map(_source, wanted)), asked.conversation)


def _source(citation: Citation) -> str:
    facts = (
        f"[{citation.number}] “{citation.quote.replace('**', '')}”",  # the documents' bold type
        messages.SOURCE_DOCUMENT.format(title=citation.title),
        messages.SOURCE_SECTION.format(section=" › ".join(citation.headings)) if citation.headings else "",
        messages.SOURCE_PLACE.format(place=citation.place) if citation.place else "",
        messages.SOURCE_ISSUER.format(issuer=citation.issuer),
        ", ".join(filter(None, (_number(citation), _dates(citation)))),
        messages.SOURCE_ADDRESS.format(url=citation.url) if citation.url else "",
    )
    return printable("\n".join(filter(None, facts)))


def _number(citation: Citation) -> str:
    return messages.SOURCE_NUMBER.format(number=citation.document_number) if citation.document_number else ""


def _dates(citation: Citation) -> str:
    voice = messages.VIETNAMESE
    issued = voice.source_issued.format(date=messages.date(citation.issued)) if citation.issued else ""
    return ", ".join(filter(None, (issued, voice.source_as_of.format(date=messages.date(citation.as_of)))))


def _ask_offered(asked: _Asked) -> Response:
    """A pressed suggestion or choice, of the last answer or of an earlier one."""
    receipt = _kept(asked)
    number = int(asked.argument) if _NUMBER.fullmatch(asked.argument) else 0
    if receipt is None or not 0 < number <= len(receipt.suggestions):
        return _not_kept(asked)
    before = (*receipt.question.turns, receipt.question.text)
    turns = before[:-1] if receipt.status is Status.UNANSWERABLE_AMBIGUOUS else before
    question = Question(receipt.suggestions[number - 1], tuple(turn for turn in turns if turn))
    return _answered(asked.desk.ask(question), asked.desk)


def _thumbs(asked: _Asked) -> Response:
    if _kept(asked) is None:
        return _not_kept(asked)
    good = Button(messages.BUTTON_GOOD, f"/tot {asked.answer_id}")
    bad = Button(messages.BUTTON_BAD, f"/chua_tot {asked.answer_id}")
    return _say(messages.THUMBS_ASK, asked.conversation, good, bad)


def _good(asked: _Asked) -> Response:
    return _judged(asked, Verdict(asked.answer_id, "good"), messages.THUMBS_GOOD)


def _bad(asked: _Asked) -> Response:
    reasons = (Button(label, f"/ly_do {name} {asked.answer_id}") for name, label in messages.REASONS.items())
    return _judged(asked, Verdict(asked.answer_id, "bad"), messages.THUMBS_BAD, *reasons)


def _reason(asked: _Asked) -> Response:
    reason = asked.argument if asked.argument in messages.REASONS else None
    return _judged(asked, Verdict(asked.answer_id, "bad", reason), messages.THUMBS_REASON)


def _judged(asked: _Asked, verdict: Verdict, thanks: str, *buttons: Button) -> Response:
    if _kept(asked) is None:
        return _not_kept(asked)
    return dataclasses.replace(_say(thanks, asked.conversation, *buttons), verdict=verdict)


COMMANDS: Mapping[str, Command] = {
    "start": _welcome,
    "bat_dau": _welcome,
    "help": _help,
    "tro_giup": _help,
    "nguon": _sources,
    "hoi": _ask_offered,
    "moi": _start_anew,
    "xoa": _erase,
    "lien_he": _contact,
    "tot": _good,
    "chua_tot": _bad,
    "ly_do": _reason,
    "gop_y": _thumbs,
}
_IN_ONE_WORD = {name.replace("_", ""): command for name, command in COMMANDS.items()}

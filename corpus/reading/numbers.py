"""A spreadsheet's number format and a stored value -> what Excel shows of it on a Vietnamese screen.

ECMA-376 part 1, 18.8.31, read whole: sections and their conditions, colours, locales, literals, digits and their
groups, scaling, per cent, fractions, powers of ten, dates, times and durations. Formats are stored in their English
form whatever the screen's language; "." between thousands, "," before decimals and Vietnamese names are put in here.
Whole numbers are written in full, also where a narrow column would make Excel write 1,23E+12.
"""

import datetime
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import takewhile

GENERAL = "General"
BUILT_IN = {  # the formats that a file names by number alone, as Excel has them on a Vietnamese screen
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
    5: '#,##0 "₫";-#,##0 "₫"', 6: '#,##0 "₫";-#,##0 "₫"',
    7: '#,##0.00 "₫";-#,##0.00 "₫"', 8: '#,##0.00 "₫";-#,##0.00 "₫"',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "dd/mm/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "dd/mm/yyyy h:mm",
    37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
    41: '#,##0;-#,##0;"-";@', 42: '#,##0 "₫";-#,##0 "₫";"-" "₫";@',
    43: '#,##0.00;-#,##0.00;"-";@', 44: '#,##0.00 "₫";-#,##0.00 "₫";"-" "₫";@',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]|(?P<general>General)'
    r"|(?P<noon>AM/PM|A/P)|(?P<power>E[+-])|(?P<date>y+|m+|d+|h+|s+|b+|e+|g+)|(?P<digit>[0#?])|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[+-]?\d+)?)", re.IGNORECASE)
_SOME = re.compile(r"[1-9]")  # a number that is rounded to nothing has no sign
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_SYSTEM_DATE, _SYSTEM_TIME = "dd mmmm yyyy", "hh:mm:ss"  # what stands for [$-F800] and [$-F400]
_DAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
_SHORT_DAYS = ("Th 2", "Th 3", "Th 4", "Th 5", "Th 6", "Th 7", "CN")
_ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DIGITS = 15  # that Excel keeps of a number
_WIDTH = 11  # characters of a number with decimals in the format General
_LAST_DAY = 2_958_465  # 31/12/9999


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind`: literal, digit, point, comma, percent, slash, power, general, text, date, elapsed or noon."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    condition: tuple[str, float] | None = None
    is_english: bool = False

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


def shown(value: float | str, form: str, *, since_1904: bool = False) -> str:
    """A stored number or text as its format shows it; "" where the format hides it.

    `since_1904`: days are counted from 1 January 1904, as old Macintosh workbooks do.
    """
    sections = _sections(form)
    if isinstance(value, str):
        return _text(value, sections)
    found = _chosen(value, sections)
    if found is None:
        return _general(value)
    section, is_negative = found
    if section.has("date", "elapsed", "noon"):
        written = _date(value, section, since_1904)
        return _general(value) if written is None else written.strip()
    sign = "-" if value < 0 and not is_negative else ""
    if not section.has("digit", "general", "text"):
        return (sign * bool(section.tokens) + _literals(section.tokens)).strip()
    written = _number(abs(value), section)
    return f"{sign * bool(_SOME.search(written))}{written}".strip()


# Formats


@functools.lru_cache(maxsize=1024)
def _sections(form: str) -> tuple[_Section, ...]:
    sections: list[_Section] = []
    tokens: list[_Token] = []
    condition: tuple[str, float] | None = None
    is_english = False
    for match in _TOKEN.finditer(form or GENERAL):
        kind, text = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "sign" and text == ";":
            sections.append(_Section(tuple(tokens), condition, is_english))
            tokens, condition, is_english = [], None, False
        elif kind == "bracket":
            if found := _CONDITION.fullmatch(text.strip()):
                condition = found[1], float(found[2])
            elif _ELAPSED.fullmatch(text):
                tokens.append(_Token("elapsed", text.lower()))
            elif text.startswith("$"):
                currency, _, locale = text[1:].partition("-")
                if locale.upper() in ("F800", "F400"):
                    date = _SYSTEM_DATE if locale.upper() == "F800" else _SYSTEM_TIME
                    return _sections(date)
                tokens += [_Token("literal", currency)] * bool(currency)
                is_english = locale.lower().startswith("en") or locale.upper()[-2:] == "09"
        elif kind == "fill":
            continue  # repeated over the width that is left
        elif kind in ("quoted", "escaped", "space"):
            tokens.append(_Token("literal", " " if kind == "space" else text))
        elif kind == "sign":
            kinds = {".": "point", ",": "comma", "%": "percent", "/": "slash", "@": "text"}
            tokens.append(_Token(kinds.get(text, "literal"), text))
        else:
            tokens.append(_Token(kind, text.lower() if kind == "date" else text))
    return (*sections, _Section(tuple(tokens), condition, is_english))


def _chosen(value: float, sections: Sequence[_Section]) -> tuple[_Section, bool] | None:
    """The section for a number, and whether it is for negative ones alone, so that it writes their sign itself.

    None where no condition admits the number.
    """
    first, *others = sections[:3]
    if first.condition is not None:
        if _admits(first.condition, value):
            return first, _is_negative(first.condition)
    elif not others or value > 0 or (value == 0 and (len(others) == 1 or others[0].condition)):
        return first, False
    if not others:
        return None
    second = others[0]
    if second.condition is not None:
        if _admits(second.condition, value):
            return second, _is_negative(second.condition)
    elif first.condition is None and value < 0:
        return second, True
    elif first.condition is not None and (len(others) == 1 or value < 0):
        return second, first.condition in ((">", 0), (">=", 0))
    return (others[1], False) if len(others) > 1 else None


def _is_negative(condition: tuple[str, float]) -> bool:
    sign, limit = condition
    return (sign == "<" and limit <= 0) or (sign in ("<=", "=") and limit < 0)


def _admits(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit,
        "=": value == limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _text(value: str, sections: Sequence[_Section]) -> str:
    section = sections[3] if len(sections) > 3 else next((one for one in sections if one.has("text")), None)
    if section is None:
        return value
    return "".join(value if token.kind == "text" else token.text for token in section.tokens)


def _literals(tokens: Sequence[_Token]) -> str:
    return "".join(token.text for token in tokens if token.kind in ("literal", "percent", "slash", "point", "comma"))


# Numbers


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.{_DIGITS}g}")


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _general(value: float) -> str:
    exact = _exact(value)
    if exact != exact.to_integral_value() and abs(exact) < Decimal(10) ** _WIDTH:
        whole = len(str(abs(int(exact))))
        zeros = max(-exact.adjusted() - 1, 0)  # after the comma, before the first digit that says anything
        if zeros < _WIDTH - 6:
            exact = _rounded(exact, max(_WIDTH - 1 - whole, 0))
    text = f"{exact:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",")


def _number(value: float, section: _Section) -> str:
    """A number that is not negative, by a section with digits, "General" or "@"."""
    tokens = section.tokens
    exact = _exact(value) * 100 ** sum(token.kind == "percent" for token in tokens)
    if not section.has("digit"):
        general = _general(float(exact))
        return "".join(general if token.kind in ("general", "text") else token.text for token in tokens)
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    if section.has("slash") and (slash := _fraction_at(tokens)) is not None:
        return _fraction(exact, tokens, slash)
    power = next((at for at, token in enumerate(tokens) if token.kind == "power"), None)
    if power is not None:
        return _scientific(exact, tokens, power)
    last = places[-1]
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    before = [at for at in places if at < point]
    scales = [*takewhile(lambda at: tokens[at].kind == "comma", range(last + 1, len(tokens)))]
    if before and before[-1] != last:
        scales += takewhile(lambda at: tokens[at].kind == "comma", range(before[-1] + 1, len(tokens)))
    exact = exact.scaleb(-3 * len(scales))
    kept = [token for at, token in enumerate(tokens) if at not in scales]
    return _digits(exact, kept)


def _digits(exact: Decimal, tokens: Sequence[_Token]) -> str:
    """The digits of a number in their places, with what stands between them."""
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    whole_tokens, decimal_tokens = tokens[:point], tokens[point + 1 :]
    decimals = sum(token.kind == "digit" for token in decimal_tokens)
    whole, _, rest = f"{_rounded(exact, decimals):f}".partition(".")
    places = [at for at, token in enumerate(whole_tokens) if token.kind == "digit"]
    grouped = any(token.kind == "comma" and places and places[0] < at < places[-1] for at, token in enumerate(tokens))
    text = _whole(whole.lstrip("0"), whole_tokens, places, grouped)
    if point < len(tokens):
        text += ","
    left = rest.rstrip("0")
    for token in decimal_tokens:
        if token.kind == "digit":
            text += left[:1] or {"0": "0", "?": " "}.get(token.text, "")
            left = left[1:]
        elif token.kind != "comma":
            text += token.text
    return text


def _whole(digits: str, tokens: Sequence[_Token], places: Sequence[int], grouped: bool) -> str:
    """The digits before the comma, set from the right; those for which there is no place go before the first."""
    text, used = "", 0

    def set_before(digit: str) -> None:
        nonlocal text, used
        if grouped and used and used % 3 == 0:
            text = f".{text}" if digit != " " else f" {text}"
        text, used = digit + text, used + 1

    left = digits
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind == "digit":
            digit = left[-1:] or {"0": "0", "?": " "}.get(token.text, "")
            left = left[:-1]
            if digit:
                set_before(digit)
            while at == places[0] and left:
                set_before(left[-1])
                left = left[:-1]
        elif token.kind != "comma":
            text = token.text + text
    if not places and left:  # "." first: the digits before it have no place of their own
        text += left
    return text


def _scientific(exact: Decimal, tokens: Sequence[_Token], power: int) -> str:
    mantissa, after = tokens[:power], tokens[power + 1 :]
    point = next((at for at, token in enumerate(mantissa) if token.kind == "point"), len(mantissa))
    wide = max(sum(token.kind == "digit" for token in mantissa[:point]), 1)
    decimals = sum(token.kind == "digit" for token in mantissa[point:])
    raised = 0
    if exact:
        raised = exact.adjusted() // wide * wide if wide > 1 else exact.adjusted()
        if _rounded(exact.scaleb(-raised), decimals) >= Decimal(10) ** wide:
            raised += wide
    sign = "-" if raised < 0 else "+" * tokens[power].text.endswith("+")
    places = [token for token in after if token.kind == "digit"]
    rest = "".join(token.text for token in after if token.kind != "digit")
    return f"{_digits(exact.scaleb(-raised), mantissa)}E{sign}{abs(raised):0{len(places)}d}{rest}"


def _fraction_at(tokens: Sequence[_Token]) -> int | None:
    """Where the stroke of a fraction stands: with digits before it and digits or a number behind it."""
    for at, token in enumerate(tokens):
        if token.kind == "slash" and at and tokens[at - 1].kind == "digit" and at + 1 < len(tokens):
            below = tokens[at + 1]
            if below.kind == "digit" or below.text.isdigit():
                return at
    return None


def _fraction(exact: Decimal, tokens: Sequence[_Token], slash: int) -> str:
    start = slash - sum(1 for _ in takewhile(lambda token: token.kind == "digit", reversed(tokens[:slash])))
    below = list(takewhile(lambda token: token.kind == "digit" or token.text.isdigit(), tokens[slash + 1 :]))
    fixed = "".join(token.text for token in below)
    mixed = any(token.kind == "digit" for token in tokens[:start])
    whole = int(exact) if mixed else 0
    part = Fraction(exact) - whole
    if fixed.isdigit() and int(fixed):
        bottom = int(fixed)
        top = int(_rounded(Decimal(part.numerator) / Decimal(part.denominator) * bottom, 0))
    else:
        nearest = part.limit_denominator(10 ** len(below) - 1)
        top, bottom = nearest.numerator, nearest.denominator
    if mixed and top == bottom:
        whole, top = whole + 1, 0
    behind = _literals(tokens[slash + 1 + len(below) :])
    if not mixed:
        return f"{_literals(tokens[:start])}{top}/{bottom}{behind}"
    before = _digits(Decimal(whole), tokens[:start]) if whole else _literals(tokens[:start]).strip()
    return f"{before}{top}/{bottom}{behind}" if top else f"{before.strip() or '0'}{behind}"


# Dates, times and durations


def _date(value: float, section: _Section, since_1904: bool) -> str | None:
    """None for what no calendar has: a negative date, or one after the year 9999."""
    tokens = list(_dated(section.tokens))
    elapsed = any(token.kind == "elapsed" for token in tokens)
    decimals = max((len(token.text) for token in tokens if token.kind == "fraction"), default=0)
    unit = 10**decimals
    ticks = int(_rounded(_exact(abs(value)) * 86_400 * unit, 0))
    if (value < 0 and not elapsed) or value > _LAST_DAY:
        return None
    seconds, rest = divmod(ticks, unit)
    day, second = divmod(seconds, 86_400)
    of_day = second // 3600, second // 60 % 60, second % 60
    is_half = any(token.kind == "noon" for token in tokens)
    text = "-" if value < 0 else ""
    for token in tokens:
        width = len(token.text)
        if token.kind == "elapsed":
            whole = seconds // {"h": 3600, "m": 60, "s": 1}[token.text[0]]
            text += f"{whole:0{width}d}"
        elif token.kind == "minute":
            text += f"{of_day[1]:0{min(width, 2)}d}"
        elif token.kind == "fraction":
            text += f",{rest:0{width}d}"
        elif token.kind == "noon":
            afternoon = of_day[0] >= 12
            if section.is_english:
                text += token.text.split("/")[afternoon]
            else:
                text += "CH" if afternoon else "SA"
        elif token.kind != "date":
            text += token.text
        elif token.text[0] in "hs":
            hour = (of_day[0] - 1) % 12 + 1 if is_half else of_day[0]
            text += f"{hour if token.text[0] == 'h' else of_day[2]:0{min(width, 2)}d}"
        else:
            text += _of_calendar(token.text, day, since_1904, section.is_english)
    return text


def _dated(tokens: Sequence[_Token]) -> Iterator[_Token]:
    """The tokens with "m" told apart, a minute beside an hour or a second, and decimals of a second as one."""
    at = 0
    before = ""
    while at < len(tokens):
        token = tokens[at]
        unit = token.text[0] if token.kind in ("date", "elapsed") else ""
        if unit == "m" and token.kind == "date":
            after = next((one.text[0] for one in tokens[at + 1 :] if one.kind in ("date", "elapsed")), "")
            token = _Token("minute", token.text) if before == "h" or (after == "s" and len(token.text) < 3) else token
        elif token.kind == "point" and before == "s":
            zeros = sum(1 for _ in takewhile(lambda one: one.kind == "digit", tokens[at + 1 :]))
            if zeros:
                token = _Token("fraction", "0" * zeros)
                at += zeros
        before = unit or before
        yield token
        at += 1


def _of_calendar(unit: str, day: int, since_1904: bool, is_english: bool) -> str:
    width = len(unit)
    year, month, of_month, weekday = _day(day, since_1904)
    if unit[0] in "ye":
        return f"{year % 100:02d}" if unit[0] == "y" and width < 3 else f"{year:04d}"
    if unit[0] == "b":
        return f"{(year + 543) % 100:02d}" if width < 3 else f"{year + 543:04d}"
    if unit[0] == "g":
        return ""
    if unit[0] == "m":
        if width < 3:
            return f"{month:0{width}d}"
        if is_english:
            name = _ENGLISH_MONTHS[month - 1]
            return {3: name[:3], 4: name}.get(width, name[0])
        return {3: f"thg {month}", 4: f"tháng {month}"}.get(width, str(month))
    if width < 3:
        return f"{of_month:0{width}d}"
    if is_english:
        return _ENGLISH_DAYS[weekday] if width > 3 else _ENGLISH_DAYS[weekday][:3]
    return (_DAYS if width > 3 else _SHORT_DAYS)[weekday]


def _day(day: int, since_1904: bool) -> tuple[int, int, int, int]:
    """Year, month, day and weekday (Monday is 0) of a day's number; Excel has a 29 February 1900."""
    if since_1904:
        date = datetime.date(1904, 1, 1) + datetime.timedelta(day)
    elif day == 60:
        return 1900, 2, 29, 2
    elif day == 0:
        return 1900, 1, 0, 5
    else:
        date = datetime.date(1899, 12, 31 if day < 60 else 30) + datetime.timedelta(day)
    return date.year, date.month, date.day, date.weekday()

"""Signs that a font or their height makes: Wingdings' ticked box, Symbol's "≤", the ² of m², and equations in a line.

What comes out is `legacy.sure` to be Unicode: beside it may stand letters in an old encoding, in which "×" is an "ì".
"""

from collections.abc import Callable
from typing import Any

from corpus.reading import legacy

_SYMBOL = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?",
    0x40: "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑",
    0xF1: "〉∫",
}
_WINGDINGS = {
    0x20: " ✏✂✁", 0x28: "☎✆✉✉", 0x3F: "✍", 0x41: "✌", 0x43: "👍👎☜☞☝☟", 0x4A: "☺", 0x4C: "☹", 0x6C: "●○■☐☐☐☐",
    0x73: "◆◆◆❖◆☒",
    0x80: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x9E: "·•", 0xA1: "○○○◉◎", 0xA7: "▪☐", 0xAA: "✦★✶", 0xB7: "•",
    0xD8: "➢", 0xDC: "➲", 0xDF: "←→↑↓↖↗↙↘←→↑↓", 0xEF: "⇦⇨⇧⇩", 0xFB: "✗✓☒☑",
}  # fmt: skip
_FONTS: dict[str, dict[int, str]] = {
    name: {start + at: sign for start, signs in table.items() for at, sign in enumerate(signs)}
    for name, table in {
        "symbol": _SYMBOL,
        "wingdings": _WINGDINGS,
        "wingdings 2": {0x20: " ", 0x4F: "✗✓☒☑☒☒", 0x96: "•●", 0xA2: "■☐☐☐"},
        "wingdings 3": {0x20: " ", 0x66: "←→↑↓", 0x75: "▲▼"},
        "webdings": {0x20: " ", 0x61: "✓", 0x63: "☐", 0x67: "■", 0x6E: "●", 0x72: "✗", 0x3D: "■"},
    }.items()
}
_RAISED = dict(zip("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ", strict=True)) | {"o": "°", "º": "°", "°": "°"}
_LOWERED = dict(zip("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))


def of_symbols(font: str | None) -> bool:
    """Whether the letters of a font are signs."""
    return (font or "").lower() in _FONTS


def sign(font: str, code: int) -> str | None:
    """What a font shows for a code, which Word writes with F000 added; None where that is not known."""
    found = _FONTS[font.lower()].get(code - 0xF000 if code >= 0xF000 else code)
    return found and legacy.sure(found)


def raised(text: str) -> str:
    """A superscript, where Unicode has its signs; else the text as it is."""
    inner = text.strip()
    if not inner or not all(letter in _RAISED for letter in inner):
        return text
    return legacy.sure(text.replace(inner, "".join(_RAISED[letter] for letter in inner)))


def lowered(text: str) -> str:
    inner = text.strip()
    if not inner or not all(letter in _LOWERED for letter in inner):
        return text
    return text.replace(inner, "".join(_LOWERED[letter] for letter in inner))


# Equations, in Word's markup (OMML) and in that of web pages and LibreOffice (MathML)


def equation(element: Any) -> str:
    """An equation in one line: "Số tiền = Diện tích × Đơn giá × Số ngày/30"."""
    return legacy.sure(" ".join(_math(element).split()))


def _math(element: Any) -> str:
    name = str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""
    if name in ("t", "mi", "mn", "mo", "mtext", "ms"):
        text = "".join(element.itertext())
        return f" {text.strip()} " if name == "mo" and text.strip() in _SPACED else text
    if name in ("annotation", "annotation-xml", "maction-hidden") or name.endswith("Pr"):
        return ""
    if form := _FORMS.get(name):
        return form(element)
    return "".join(map(_math, element))


_SPACED = frozenset("=+−-×÷·<>≤≥≠≈")
_NARY = {"\u222b": "∫", "\u2211": "∑", "\u220f": "∏"}


def _child(element: Any, name: str) -> str:
    return next((_math(each) for each in element if str(each.tag).endswith(f"}}{name}")), "").strip()


def _property(element: Any, properties: str, name: str) -> str | None:
    found = element.find(f"{{*}}{properties}/{{*}}{name}")
    return None if found is None else next((v for key, v in found.attrib.items() if key.endswith("val")), "")


def _grouped(text: str) -> str:
    """In brackets where it would not hold together without them."""
    outer = text.startswith("(") and text.endswith(")") and ")" not in text[1:-1]
    return text if outer or not any(each in text for each in "+−-×÷·/=*") else f"({text})"


def _over(above: str, below: str) -> str:
    return f"{_grouped(above)}/{_grouped(below)}"


def _power(base: str, exponent: str) -> str:
    if exponent and all(each in _RAISED and each != "o" for each in exponent):
        return base + "".join(_RAISED[each] for each in exponent)
    return f"{base}^{exponent if len(exponent) == 1 else f'({exponent})'}" if exponent else base


def _index(base: str, index: str) -> str:
    if index and all(each in _LOWERED for each in index):
        return base + "".join(_LOWERED[each] for each in index)
    return f"{base}_{index if index.isalnum() else f'({index})'}" if index else base


def _rooted(degree: str, inner: str) -> str:
    held = inner if len(inner) == 1 or inner.isdigit() else f"({inner})"
    return f"{''.join(_RAISED.get(each, each) for each in degree)}√{held}"


def _nary(element: Any) -> str:
    sign = _property(element, "naryPr", "chr") or "∫"
    low, high = _child(element, "sub"), _child(element, "sup")
    bounds = f"({low}→{high})" if low and high else f"({low or high})" if low or high else ""
    return f"{_NARY.get(sign, sign)}{bounds} {_child(element, 'e')}"


def _delimited(element: Any) -> str:
    begin, end = _property(element, "dPr", "begChr"), _property(element, "dPr", "endChr")
    between = _property(element, "dPr", "sepChr") or "|"
    inner = between.join(_math(each).strip() for each in element if str(each.tag).endswith("}e"))
    return f"{'(' if begin is None else begin}{inner}{')' if end is None else end}"


def _rows(element: Any, row: str) -> str:
    rows = [each for each in element if str(each.tag).endswith(f"}}{row}")]
    return "; ".join(
        " ".join(_math(cell).strip() for cell in each) if row in ("mr", "mtr") else _math(each).strip() for each in rows
    )


def _at(element: Any, place: int) -> str:
    children = [each for each in element if isinstance(each.tag, str)]
    return _math(children[place]).strip() if place < len(children) else ""


def _fenced(element: Any) -> str:
    inner = (element.get("separators") or ",")[:1].join(_math(each).strip() for each in element)
    return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"


_FORMS: dict[str, Callable[[Any], str]] = {
    "f": lambda e: _over(_child(e, "num"), _child(e, "den")),
    "sSup": lambda e: _power(_child(e, "e"), _child(e, "sup")),
    "sSub": lambda e: _index(_child(e, "e"), _child(e, "sub")),
    "sSubSup": lambda e: _power(_index(_child(e, "e"), _child(e, "sub")), _child(e, "sup")),
    "rad": lambda e: _rooted(_child(e, "deg"), _child(e, "e")),
    "nary": _nary,
    "d": _delimited,
    "func": lambda e: f"{_child(e, 'fName')}({_child(e, 'e')})",
    "limLow": lambda e: f"{_child(e, 'e')}({_child(e, 'lim')})",
    "limUpp": lambda e: f"{_child(e, 'e')}({_child(e, 'lim')})",
    "eqArr": lambda e: _rows(e, "e"),
    "m": lambda e: f"[{_rows(e, 'mr')}]",
    "mfrac": lambda e: _over(_at(e, 0), _at(e, 1)),
    "msup": lambda e: _power(_at(e, 0), _at(e, 1)),
    "msub": lambda e: _index(_at(e, 0), _at(e, 1)),
    "msubsup": lambda e: _power(_index(_at(e, 0), _at(e, 1)), _at(e, 2)),
    "msqrt": lambda e: _rooted("", "".join(map(_math, e)).strip()),
    "mroot": lambda e: _rooted(_at(e, 1), _at(e, 0)),
    "munder": lambda e: f"{_at(e, 0)}({_at(e, 1)})",
    "mover": lambda e: f"{_at(e, 0)}({_at(e, 1)})",
    "munderover": lambda e: f"{_at(e, 0)}({_at(e, 1)}→{_at(e, 2)})",
    "mfenced": _fenced,
    "mtable": lambda e: f"[{_rows(e, 'mtr')}]",
}

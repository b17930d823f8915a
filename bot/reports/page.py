"""What pages for people share: their template, plots as inline SVG, and that nothing in them is loaded from elsewhere.

matplotlib is an optional extra; it and jinja2 are imported only when a page is made.
"""

import io
import os
import re
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import MissingExtra

# Plots are drawn in the colours of the pages' light theme, then given the names of its CSS variables.
COLOURS = {
    "ink": "#1c2733",
    "faint": "#8a97a3",
    "good": "#14786a",
    "bad": "#c4492d",
    "other": "#5a64c8",
    "more": "#c08a1e",
}
WIDTH = 4.4  # inches; 317 points, about a phone's width, so that 9-point text stays readable there


@dataclass(frozen=True, slots=True)
class Plot:
    """`svg` is safe in a page: it is matplotlib's, and holds nothing else that is not escaped."""

    title: str
    note: str
    svg: str


def rendered(template: Path, **fields: Any) -> str:
    """A page from a template, which may extend page.html; what it shows is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(fields)


def write(page: str, file: Path) -> None:
    """Write a page whole or not at all."""
    temporary = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        with temporary.open("w", encoding="utf-8", errors="replace") as stream:
            stream.write(page)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def plotted(name: str, plot: Callable[..., tuple[str, str] | None], *of: Any) -> Plot | None:
    """What `plot(figure, *of)` draws into a figure; it returns the title and the note, None if there is nothing.

    `name` is unique on its page. Raises MissingExtra.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib") from error
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), COLOURS["ink"]),
        **dict.fromkeys(("axes.edgecolor", "grid.color"), COLOURS["faint"]),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor"), "none"),
        "legend.frameon": False,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # the browser has fonts of its own
        drawing = Figure(layout="constrained")
        texts = plot(drawing, *of)
        return Plot(*texts, _svg(drawing, name, *texts)) if texts else None


def _svg(drawing: Any, name: str, title: str, note: str) -> str:
    """An inline SVG with a name and a description, ids of its own, and the colours of the page."""
    stream = io.StringIO()
    drawing.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg).replace("xlink:href", "href")
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box, "matplotlib writes a viewBox"
    head = (
        f'<svg {box[0]} role="img" aria-labelledby="{name}-title {name}-note">'
        f'<title id="{name}-title">{title}</title><desc id="{name}-note">{note}</desc>'
    )
    return head + svg[svg.index(">") + 1 :]


def percent_axis(axis: Any, set_limits: Callable[[float, float], object]) -> None:
    set_limits(0, 1)
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    grid(axis)


def grid(axis: Any) -> None:
    axis.grid(visible=True, linewidth=0.4, alpha=0.6)
    axis.axes.set_axisbelow(True)

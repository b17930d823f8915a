"""A report for people: tables on the terminal, or one page that loads nothing. Both show the same.

Words of people and of documents go into cells as they are; the template and the terminal see to it that they stay so.
"""

import datetime
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Drawn
from rich.text import Text

from bot.messages import REASONS, date
from bot.render import printable
from bot.reports.figures import (
    TERMINAL,
    Cited,
    Cluster,
    Disliked,
    Feedback,
    Period,
    Sources,
    Thumbs,
    Times,
    Traffic,
    Unanswered,
    Usage,
)
from bot.reports.page import COLOURS, WIDTH, Plot, grid, plotted, rendered

SHOWN = 50  # clusters, answers and documents at most; more nobody reads
OTHER_WORDINGS = 6
BARS = 12  # documents in a plot
HOURS_APART = 3
LABEL = 26  # letters of a document's title on a line of a plot

CHANNELS = {"telegram": "Telegram", "zalo_oa": "Zalo OA", "zalo_bot": "Zalo Bot", TERMINAL: "dòng lệnh"}
STATUSES = {
    "answered": "trả lời được",
    "refused": "từ chối",
    "unanswerable_no_passage": "tài liệu không nêu",
    "unanswerable_off_topic": "ngoài chủ đề",
    "unanswerable_ambiguous": "phải hỏi lại cho rõ",
    "unanswerable_language": "tiếng khác",
    "unanswerable_empty": "câu trống",
    "error_bad_input": "lỗi: không đọc được",
    "error_internal": "lỗi: trong chương trình",
    "error_unsupported": "lỗi: số không có trong nguồn",
}
SENDS = {"sent": "đã gửi", "pending": "đang chờ", "unknown": "không rõ đã tới chưa", "failed": "không gửi được"}
LANGUAGES = {"vi": "tiếng Việt", "en": "tiếng Anh", "zh": "tiếng Trung", "ko": "tiếng Hàn", "ja": "tiếng Nhật"}
LANGUAGES |= {"fr": "tiếng Pháp"}
NOTHING = "Trong thời gian này không có gì để báo cáo."

_THUMBS = ("đúng ý", "chưa đúng", "% chưa đúng")
_COLOURS = ("other", "good", "more", "faint", "bad")  # of channels and statuses, in their order


@dataclass(frozen=True, slots=True)
class Table:
    """The first column names the row: with a `has_titles` one, rows stand as blocks on a phone.

    A page shows what `is_drawn` when it is asked to, because a plot tells the same.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    has_titles: bool = False
    is_drawn: bool = False

    @property
    def words(self) -> tuple[int, ...]:
        """The columns that hold more than numbers."""
        number = re.compile(r"[\d.,]+(?:%| ms| giây)?|–")
        return tuple(
            place
            for place in range(len(self.columns))
            if place == 0 or any(not number.fullmatch(row[place]) for row in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Item:
    """`facts` are labels with what stands behind them; `more` is a label with lines that matter less."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    more: tuple[str, tuple[str, ...]] = ("", ())


@dataclass(frozen=True, slots=True)
class Listing:
    """What is too long for the cells of a page's table."""

    title: str
    heading: str
    items: tuple[Item, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`figures` are the few that matter most. `plots` are drawn, by their names, only when a page is made."""

    title: str
    period: Period
    figures: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    lists: tuple[Listing, ...]
    plots: Mapping[str, tuple[Any, ...]]  # a name -> what draws it, and of what
    is_empty: bool


def page(report: Usage | Unanswered | Feedback | Sources) -> Page:
    match report:
        case Usage():
            return _usage(report)
        case Unanswered():
            return _unanswered(report)
        case Feedback():
            return _feedback(report)
        case Sources():
            return _sources(report)


def show(page: Page, console: Console) -> None:
    console.print(Text(f"{page.title}, {_span(page.period)}", "bold"))
    if page.is_empty:
        console.print(NOTHING)
        return
    for label, value in page.figures:
        console.print(Text.assemble((f"{label}: ", "dim"), value))
    for table in (*page.tables, *map(_as_table, page.lists)):
        if not table.rows:
            continue
        console.print()
        console.print(Text(table.title, "bold"))
        drawn = Drawn(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for place, column in enumerate(table.columns):
            drawn.add_column(column, justify="left" if place in table.words else "right", overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(printable(cell)) for cell in row))
        console.print(drawn)
        if table.note:
            console.print(Text(table.note, "dim"))


def to_html(page: Page) -> str:
    """One page that loads nothing. Raises MissingExtra."""
    drawn = (plotted(name, *plot) for name, plot in page.plots.items()) if not page.is_empty else ()
    plots: tuple[Plot, ...] = tuple(plot for plot in drawn if plot)
    return rendered(
        Path(__file__).with_name("report_page.html"),
        page=page,
        span=_span(page.period),
        plots=plots,
        nothing=NOTHING,
        printable=printable,
    )


def _as_table(listing: Listing) -> Table:
    first = listing.items[0] if listing.items else Item("", ())
    columns = (listing.heading, *(label for label, _ in first.facts), first.more[0])
    rows = tuple((item.heading, *(value for _, value in item.facts), "\n".join(item.more[1])) for item in listing.items)
    if not first.more[0]:
        columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
    return Table(listing.title, columns, rows, listing.note)


# Usage


def _usage(usage: Usage) -> Page:
    every, channels = usage.all, usage.channels
    columns = (every, *channels) if len(channels) > 1 else channels
    named = tuple(_channel(one.channel) if one.channel else "tất cả" for one in columns)
    answered = every.statuses.get("answered", 0)
    days = usage.period.days
    return Page(
        title="Sử dụng",
        period=usage.period,
        figures=(
            ("Tin nhắn", _count(every.messages)),
            ("Người nhắn", _count(every.people)),
            ("Câu hỏi", _count(every.questions)),
            ("Trả lời được", _share(answered, every.questions)),
            ("Làm một câu trả lời, p95", _milliseconds(every.making, "p95")),
            ("Từ lúc nhận tới lúc gửi xong, p95", _seconds(every.waiting, "p95")),
        ),
        tables=(
            Table(
                "Theo kênh",
                ("", *named),
                (
                    ("tin nhắn", *(_count(one.messages) for one in columns)),
                    ("người nhắn", *(_count(one.people) if one.channel != TERMINAL else "–" for one in columns)),
                    ("câu hỏi", *(_count(one.questions) for one in columns)),
                    ("chào hỏi", *(_count(one.small_talk) for one in columns)),
                ),
                "Trên dòng lệnh, mỗi câu hỏi là một tin nhắn. Người nhắn là số cuộc trò chuyện khác nhau.",
            ),
            Table(
                "Câu hỏi kết thúc thế nào",
                ("", *named, "tỉ lệ"),
                tuple(
                    (
                        STATUSES.get(status, status),
                        *(_count(one.statuses.get(status, 0)) for one in columns),
                        _share(count, every.questions),
                    )
                    for status, count in every.statuses.items()
                ),
            ),
            Table(
                "Thời gian",
                ("", *named),
                tuple(
                    (f"{label}, {part}", *(value(getattr(one, times), part) for one in columns))
                    for label, times, value in (
                        ("làm câu trả lời", "making", _milliseconds),
                        ("từ lúc nhận tới lúc gửi xong", "waiting", _seconds),
                    )
                    for part in ("p50", "p95", "p99")
                ),
                "p95: 95% số lần không lâu hơn thế.",
            ),
            Table(
                "Các lần gửi",
                ("", *named),
                tuple(
                    (SENDS.get(state, state), *(_count(one.sends.get(state, 0)) for one in columns))
                    for state in every.sends
                ),
            ),
            Table(
                "Ngôn ngữ của câu hỏi",
                ("", "câu hỏi", "tỉ lệ"),
                tuple(
                    (LANGUAGES.get(language, language), _count(count), _share(count, every.questions))
                    for language, count in every.languages.items()
                ),
            ),
            Table(
                "Tin nhắn theo ngày",
                ("", *named),
                tuple(
                    (date(day.isoformat()), *(_count(one.days[place]) for one in columns))
                    for place, day in enumerate(days)
                ),
                is_drawn=True,
            ),
            Table(
                "Tin nhắn theo giờ trong ngày",
                ("", *named),
                tuple((f"{hour} giờ", *(_count(one.hours[hour]) for one in columns)) for hour in range(24)),
                "Giờ Hà Nội.",
                is_drawn=True,
            ),
        ),
        lists=(),
        plots={
            "days": (_plot_days, "Tin nhắn theo ngày", "", days, _by_channel(usage, "days")),
            "hours": (_plot_hours, _by_channel(usage, "hours")),
            "statuses": (_plot_statuses, every),
        },
        is_empty=not every.messages and not every.questions,
    )


def _by_channel(usage: Usage, what: str) -> dict[str, tuple[int, ...]]:
    return {_channel(one.channel): getattr(one, what) for one in usage.channels}


# Unanswered


def _unanswered(unanswered: Unanswered) -> Page:
    note = (
        f"{_count(unanswered.left_out)} câu hỏi hiếm gặp và cũ hơn không được so sánh." if unanswered.left_out else ""
    )
    single = sum(cluster.count == 1 for cluster in unanswered.clusters)
    return Page(
        title="Câu hỏi chưa trả lời được",
        period=unanswered.period,
        figures=(
            ("Câu hỏi", _count(unanswered.questions)),
            ("Cách hỏi khác nhau", _count(unanswered.wordings)),
            ("Nhóm", _count(len(unanswered.clusters))),
            ("Nhóm chỉ được hỏi một lần", _count(single)),
        ),
        tables=(),
        lists=(
            Listing(
                "Nhóm câu hỏi cùng ý",
                "câu hỏi",
                tuple(map(_cluster, unanswered.clusters[:SHOWN])),
                _all(_rest(len(unanswered.clusters), "nhóm"), note),
            ),
        ),
        plots={
            "days": (
                _plot_days,
                "Câu chưa trả lời được theo ngày",
                "Chia theo vì sao không trả lời.",
                unanswered.period.days,
                {STATUSES[status]: counts for status, counts in unanswered.days.items()},
            )
        },
        is_empty=not unanswered.questions,
    )


def _cluster(cluster: Cluster) -> Item:
    before = f" (sau câu: {cluster.central.turns[-1]})" if cluster.central.turns else ""
    others = [wording for wording in cluster.wordings if wording is not cluster.central]
    shown = [f"{wording.text} ({_count(wording.count)} lần)" for wording in others[:OTHER_WORDINGS]]
    if len(others) > OTHER_WORDINGS:
        shown.append(f"và {_count(len(others) - OTHER_WORDINGS)} cách khác")
    return Item(
        f"{cluster.number}. {cluster.central.text}{before}",
        (
            ("số lần", _count(cluster.count)),
            ("kênh", _counts(cluster.channels, CHANNELS)),
            ("vì sao", _counts(cluster.statuses, STATUSES)),
            ("lần cuối", _day(cluster.last)),
        ),
        ("cách hỏi khác", tuple(shown)),
    )


# Feedback


def _feedback(feedback: Feedback) -> Page:
    both = feedback.good + feedback.bad
    gone = f"{_count(feedback.gone)} góp ý là cho câu trả lời nay không còn lưu." if feedback.gone else ""
    return Page(
        title="Góp ý",
        period=feedback.period,
        figures=(
            ("Góp ý", _count(both)),
            ("Đúng ý", f"{_count(feedback.good)} ({_share(feedback.good, both)})"),
            ("Chưa đúng", f"{_count(feedback.bad)} ({_share(feedback.bad, both)})"),
        ),
        tables=(
            Table(
                "Vì sao chưa đúng",
                ("", "góp ý", "tỉ lệ"),
                tuple(
                    (REASONS.get(reason, reason) or "Không nêu lý do", _count(count), _share(count, feedback.bad))
                    for reason, count in feedback.reasons.items()
                ),
            ),
            Table(
                "Theo kênh",
                ("", *_THUMBS),
                tuple(
                    (_channel(channel), *_thumbs(verdicts.get("good", 0), verdicts.get("bad", 0)))
                    for channel, verdicts in feedback.channels.items()
                ),
            ),
            Table(
                "Theo tài liệu được trích",
                ("", *_THUMBS, "mã tài liệu"),
                tuple((one.title, *_thumbs(one.good, one.bad), one.document_id) for one in feedback.documents[:SHOWN]),
                _all(_rest(len(feedback.documents), "tài liệu"), gone),
                has_titles=True,
            ),
        ),
        lists=(
            Listing(
                "Câu trả lời bị chê",
                "câu hỏi",
                tuple(map(_disliked, feedback.disliked[:SHOWN])),
                " ".join(
                    filter(
                        None,
                        ("hanoidx replay MÃ cho biết câu trả lời từ đâu ra.", _rest(len(feedback.disliked), "câu")),
                    )
                ),
            ),
        ),
        plots={"documents": (_plot_thumbs, feedback.documents)},
        is_empty=not both,
    )


def _disliked(disliked: Disliked) -> Item:
    return Item(
        disliked.question or "/lienhe",
        (
            ("trả lời", disliked.text),
            ("góp ý", f"{_count(disliked.bad)} chưa đúng, {_count(disliked.good)} đúng ý"),
            ("lý do", _counts(disliked.reasons, REASONS) or "–"),
            ("tài liệu", ", ".join(disliked.documents) or "–"),
            ("lần cuối", _day(disliked.last)),
            ("mã", disliked.answer_id),
        ),
    )


# Sources


def _sources(sources: Sources) -> Page:
    there = [one for one in sources.cited if one.is_there]
    gone = [one for one in sources.cited if not one.is_there]
    return Page(
        title="Nguồn được trích",
        period=sources.period,
        figures=(
            ("Câu trả lời có trích nguồn", _count(sources.answers)),
            ("Tài liệu trong bản dữ liệu", _count(sources.documents)),
            ("Được trích", f"{_count(len(there))} ({_share(len(there), sources.documents)})"),
            ("Không được trích lần nào", _count(len(sources.never))),
            ("Được trích nhưng không còn trong bản dữ liệu", _count(len(gone))),
        ),
        tables=(
            _cited("Tài liệu được trích", there, sources.answers),
            _cited("Được trích nhưng không còn trong bản dữ liệu", gone, sources.answers),
            Table(
                "Không được trích lần nào",
                ("", "mã tài liệu"),
                tuple((title, document_id) for document_id, title in sources.never),
                has_titles=True,
            ),
        ),
        lists=(),
        plots={"documents": (_plot_cited, there)},
        is_empty=not sources.answers and not sources.documents,
    )


def _cited(title: str, cited: Sequence[Cited], answers: int) -> Table:
    rows = tuple(
        (
            one.title,
            _count(one.answers),
            _share(one.answers, answers),
            _day(one.last),
            _count(one.good),
            _count(one.bad),
            one.document_id,
        )
        for one in cited[:SHOWN]
    )
    columns = ("", "câu trả lời", "tỉ lệ", "lần cuối", "đúng ý", "chưa đúng", "mã tài liệu")
    return Table(title, columns, rows, _rest(len(cited), "tài liệu"), has_titles=True)


# Words and numbers


def _span(period: Period) -> str:
    return f"từ {period.since:%H:%M} ngày {_day(period.since)} đến {period.until:%H:%M} ngày {_day(period.until)}"


def _day(moment: datetime.datetime) -> str:
    return date(moment.date().isoformat())


def _channel(name: str) -> str:
    return CHANNELS.get(name, name)


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}".replace(".", ",") if whole else "–"


def _thumbs(good: int, bad: int) -> tuple[str, str, str]:
    return _count(good), _count(bad), _share(bad, good + bad)


def _milliseconds(times: Times | None, part: str) -> str:
    return f"{getattr(times, part):,.0f} ms".replace(",", ".") if times else "–"


def _seconds(times: Times | None, part: str) -> str:
    return f"{getattr(times, part):.1f} giây".replace(".", ",") if times else "–"


def _counts(counts: Mapping[str, int], labels: Mapping[str, str]) -> str:
    """ "Telegram 3, Zalo OA 1"; where there is but one, its number says nothing."""
    if len(counts) == 1:
        return "".join(labels.get(name, name) for name in counts)
    return ", ".join(f"{labels.get(name, name)} {_count(count)}" for name, count in counts.items())


def _all(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _rest(found: int, what: str) -> str:
    return f"Còn {_count(found - SHOWN)} {what} nữa, có trong --json." if found > SHOWN else ""


# Plots


def _plot_days(
    drawing: Any, title: str, note: str, days: Sequence[datetime.date], series: Mapping[str, Sequence[int]]
) -> tuple[str, str]:
    axes = _stacked(drawing, len(days), series)
    apart = -(-len(days) // 8)
    axes.set_xticks(range(0, len(days), apart), [f"{day.day}/{day.month}" for day in days[::apart]])
    return title, f"Mỗi cột là một ngày. {note}".strip()


def _plot_hours(drawing: Any, series: Mapping[str, Sequence[int]]) -> tuple[str, str]:
    axes = _stacked(drawing, 24, series)
    axes.set_xticks(range(0, 24, HOURS_APART), [f"{hour}h" for hour in range(0, 24, HOURS_APART)])
    return "Tin nhắn theo giờ trong ngày", "Giờ Hà Nội, cộng mọi ngày."


def _stacked(drawing: Any, size: int, series: Mapping[str, Sequence[int]]) -> Any:
    """Columns, one for each place, in which the series stand on each other."""
    drawing.set_size_inches(WIDTH, 2.7)
    axes = drawing.subplots()
    below = [0] * size
    for place, (label, counts) in enumerate(series.items()):
        colour = COLOURS[_COLOURS[place % len(_COLOURS)]]
        axes.bar(range(size), counts, bottom=below, width=0.8, color=colour, label=label)
        below = [low + count for low, count in zip(below, counts, strict=True)]
    axes.set_ylim(0, max(*below, 1) * 1.05)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=5)
    axes.tick_params(axis="x", length=0)
    grid(axes.yaxis)
    drawing.legend(loc="outside upper left", ncols=2, fontsize=8, handlelength=1, columnspacing=1.2)
    return axes


def _plot_statuses(drawing: Any, every: Traffic) -> tuple[str, str] | None:
    if not every.questions:
        return None
    drawing.set_size_inches(WIDTH, 0.5 + 0.28 * len(every.statuses))
    axes = drawing.subplots()
    colours = [COLOURS["good" if status == "answered" else "faint"] for status in every.statuses]
    counts = list(every.statuses.values())
    _bars(axes, [STATUSES.get(status, status) for status in every.statuses], {"": counts}, colours)
    for row, count in enumerate(counts):
        axes.annotate(_share(count, every.questions), (count, row), (4, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, max(counts) * 1.2)
    return "Câu hỏi kết thúc thế nào", "Số câu hỏi, và phần của mọi câu hỏi."


def _plot_thumbs(drawing: Any, documents: Sequence[Thumbs]) -> tuple[str, str] | None:
    shown = documents[:BARS]
    if not shown:
        return None
    drawing.set_size_inches(WIDTH, 0.8 + 0.36 * len(shown))
    axes = drawing.subplots()
    series = {"chưa đúng": [one.bad for one in shown], "đúng ý": [one.good for one in shown]}
    _bars(axes, [_wrapped(one.title) for one in shown], series, [COLOURS["bad"], COLOURS["good"]])
    drawing.legend(loc="outside upper left", ncols=2, fontsize=8, handlelength=1)
    return "Góp ý theo tài liệu", "Những tài liệu bị chê nhiều nhất, theo số góp ý cho câu trả lời trích chúng."


def _plot_cited(drawing: Any, cited: Sequence[Cited]) -> tuple[str, str] | None:
    shown = cited[:BARS]
    if not shown:
        return None
    drawing.set_size_inches(WIDTH, 0.5 + 0.36 * len(shown))
    axes = drawing.subplots()
    _bars(axes, [_wrapped(one.title) for one in shown], {"": [one.answers for one in shown]}, [COLOURS["good"]])
    return "Được trích nhiều nhất", "Số câu trả lời trích tài liệu ấy."


def _bars(axes: Any, labels: Sequence[str], series: Mapping[str, Sequence[int]], colours: Sequence[str]) -> None:
    """Rows with bars that stand behind each other; one series has a colour for each row, or one for all."""
    before = [0] * len(labels)
    for place, (label, counts) in enumerate(series.items()):
        colour = colours if len(series) == 1 else colours[place]
        axes.barh(range(len(labels)), counts, left=before, height=0.66, color=colour, label=label)
        before = [low + count for low, count in zip(before, counts, strict=True)]
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    grid(axes.xaxis)


def _wrapped(title: str) -> str:
    return "\n".join(textwrap.wrap(printable(title), LABEL, max_lines=2, placeholder="…", break_on_hyphens=False))

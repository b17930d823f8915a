"""An evaluation for people: a table on the terminal, and one page that loads nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import messages
from bot.dialogue import Status
from bot.quality.evaluate import (
    ANSWERABLE,
    BARS,
    KINDS,
    RUNS,
    RUNS_NOTE,
    Evaluation,
    Figures,
    Item,
    Result,
    Step,
    Wording,
    answered,
    kinds_of,
    met,
    share,
)
from bot.reports.page import COLOURS, WIDTH, Plot, percent_axis, plotted, rendered

SHOWN_HITS = 5

_ROWS = {  # section -> figure -> label; the second section has the kinds of the file
    "Đúng theo việc": {
        "right.all": "tất cả",
        "right.answer": "trả lời",
        "right.outdated": "nói rõ tin đã cũ",
        "right.abstain": "nói là không có",
        "right.offtopic": "biết ngoài chủ đề",
        "right.refuse": "từ chối",
        "right.smalltalk": "chào hỏi",
        "right.answerable": "trả lời + tin đã cũ",
        "drop.right": "kém viết đúng, điểm",
    },
    "Đúng theo loại câu": {},
    "Tìm thấy bằng chứng": {
        "recall@1": "ở hạng 1",
        "recall@5": "trong 5 hạng đầu",
        "drop.recall@5": "kém viết đúng, điểm",
        "recall@1.vietnamese": "tiếng Việt, hạng 1",
        "recall@5.vietnamese": "tiếng Việt, 5 hạng",
    },
    "Nhầm": {"false_answers": "trả lời nhầm", "false_refusals": "từ chối nhầm"},
    "Độ dài câu trả lời": {
        "length.median": "trung vị",
        "length.p90": "90% không quá",
        "length.max": "dài nhất",
    },
    "Thời gian, mili giây": {"latency.p50": "50% không quá", "latency.p95": "95% không quá"},
    "Trích dẫn hỏng": {"citations.bad_numbers": "số [n]", "citations.bad_quotes": "lời trích"},
}


_STEPS = {  # what the history shows
    ("clean", "right.answerable"): "trả lời được",
    ("stripped", "right.answerable"): "trả lời được",
    ("typed", "right.answerable"): "trả lời được",
    ("clean", "right.outdated"): "tin đã cũ",
    ("clean", "right.abstain"): "nói là không có",
    ("clean", "false_refusals"): "từ chối nhầm",
    ("clean", "recall@5"): "bằng chứng ở 5 hạng đầu",
    ("clean", "length.median"): "độ dài, trung vị",
}


def _shown_step(step: Step) -> tuple[str, str, list[float | None]]:
    return messages.date(step.day), step.change, [step.figures.get(run, {}).get(name) for run, name in _STEPS]


def print_table(evaluation: Evaluation, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("")
    for label in (*RUNS.values(), "mốc"):
        table.add_column(label, justify="right", no_wrap=True)
    for section, rows in _sections(evaluation).items():
        table.add_row(f"[bold]{section}[/]")
        for name, label in rows.items():
            cells = (_cell(name, run, figures) for run, figures in evaluation.runs.items())
            table.add_row(f"  {escape(label)}", *cells, _bar_text(name))
    console.print(table)
    states = [reached for name in BARS for run in RUNS if (reached := met(name, run, evaluation.runs[run])) is not None]
    console.print(f"Đạt {sum(states)}/{len(states)} mốc. [dim]Số mờ: đếm trên mấy câu. {RUNS_NOTE}.[/]")


def _sections(evaluation: Evaluation) -> dict[str, dict[str, str]]:
    """The rows of the table that have a figure, under their sections."""
    kinds = {f"kind.{kind}": KINDS.get(kind, kind) for kind in kinds_of(evaluation.results)}
    return {
        section: {
            name: label
            for name, label in (rows or kinds).items()
            if any(name in figures for figures in evaluation.runs.values())
        }
        for section, rows in _ROWS.items()
    }


def _cell(name: str, run: str, figures: Figures) -> str:
    if name not in figures:
        return "[dim]–[/]"
    mark = {None: "", True: "[green]✓[/] ", False: "[red]✗[/] "}[met(name, run, figures)]
    return f"{mark}{_value_text(name, figures[name].value)} [dim]{figures[name].n:>3}[/]"


def _bar_text(name: str) -> str:
    bar = BARS.get(name)
    return f"{'≥' if bar.sign == '>=' else '≤'} {_value_text(name, bar.limit).replace(',0', '')}" if bar else ""


def _value_text(name: str, value: float) -> str:
    family = name.partition(".")[0]
    if family in ("length", "citations"):
        return f"{value:.0f}"
    if family not in ("latency", "drop"):
        return f"{value * 100:.1f}%".replace(".", ",")
    return f"{value * (100 if family == 'drop' else 1):.1f}".replace(".", ",")


# As one page


@dataclass(frozen=True, slots=True)
class _Card:
    """A question with something wrong; answers that are alike stand once, with all the wordings that got them."""

    item: Item
    wordings: Mapping[str, bool]
    blocks: tuple[tuple[str, Result], ...]


def to_html(evaluation: Evaluation, threshold: float | None = None, history: Sequence[Step] = ()) -> str:
    """One page that loads nothing; `threshold` is what `Answer.confidence` is compared with.

    `history` are earlier evaluations of the same questions, oldest first.
    """
    cards = [card for card in _cards(evaluation) if not all(card.wordings.values())]
    clean, sections = evaluation.of(Wording.CLEAN), _sections(evaluation)
    bars = [
        (section, label, name, run, evaluation.runs[run][name], reached)
        for section, rows in sections.items()
        for name, label in rows.items()
        for run in RUNS
        if (reached := met(name, run, evaluation.runs[run])) is not None
    ]
    return rendered(
        Path(__file__).with_name("evaluation_page.html"),
        runs=evaluation.runs,
        run_labels=RUNS,
        runs_note=RUNS_NOTE,
        sections=sections,
        bars=bars,
        history=[_shown_step(step) for step in history],
        steps=[
            (name, f"{label}, {RUNS[run].rstrip('*')}", evaluation.runs[run].get(name))
            for (run, name), label in _STEPS.items()
        ],
        missed=[bar[:-1] for bar in bars if not bar[-1]],
        met=met,
        value_text=_value_text,
        bar_text=_bar_text,
        plots=tuple(_plots(evaluation, threshold)),
        groups=[
            (KINDS.get(kind, kind), of_kind, sum(result.item.kind == kind for result in clean))
            for kind in kinds_of(clean)
            if (of_kind := [card for card in cards if card.item.kind == kind])
        ],
        faults=[
            (result.item.id, RUNS[result.wording], fault)
            for result in evaluation.results
            for fault in (*result.bad_numbers, *result.bad_quotes)
        ],
        asked=len(clean),
        wrong=sum(not result.right for result in clean),
        snapshots=sorted({r.answer.snapshot_id for r in clean if r.answer.snapshot_id}),
        threshold=threshold,
        shown_hits=SHOWN_HITS,
    )


def _cards(evaluation: Evaluation) -> Iterator[_Card]:
    of_item: dict[str, list[Result]] = {}
    for result in evaluation.results:
        of_item.setdefault(result.item.id, []).append(result)
    for results in of_item.values():
        alike: dict[tuple[Status, str], list[Result]] = {}
        for result in results:
            if not result.right:
                alike.setdefault((result.answer.status, result.answer.text), []).append(result)
        yield _Card(
            item=results[0].item,
            wordings={RUNS[result.wording].rstrip("*"): result.right for result in results},
            blocks=tuple((", ".join(RUNS[r.wording].rstrip("*") for r in same), same[0]) for same in alike.values()),
        )


# Plots


def _plots(evaluation: Evaluation, threshold: float | None) -> Iterator[Plot]:
    """Each plot that has something to show."""
    plots = {"kinds": _plot_kinds, "scores": _plot_scores, "trade-off": _plot_trade_off, "latency": _plot_latency}
    for name, plot in plots.items():
        if drawn := plotted(name, plot, evaluation, threshold):
            yield drawn


def _plot_kinds(drawing: Any, evaluation: Evaluation, _: float | None) -> tuple[str, str]:
    clean, stripped = evaluation.runs["clean"], evaluation.runs["stripped"]
    names = [name for name in clean if name.startswith("kind.")]
    drawing.set_size_inches(WIDTH, 0.5 + 0.24 * len(names))
    axes = drawing.subplots()
    axes.barh(range(len(names)), [clean[name].value for name in names], height=0.66, color=COLOURS["good"], alpha=0.8)
    axes.plot(
        [stripped[name].value for name in names],
        range(len(names)),
        linestyle="none",
        marker="o",
        markersize=5,
        markerfacecolor="none",
        markeredgecolor=COLOURS["ink"],
        clip_on=False,
    )
    for row, name in enumerate(names):
        figure = clean[name]
        axes.text(1.04, row, f"{round(figure.value * figure.n)}/{figure.n}", va="center")
    axes.set_yticks(range(len(names)), [KINDS.get(name[5:], name[5:]) for name in names])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    percent_axis(axes.xaxis, axes.set_xlim)
    return "Tỉ lệ đúng theo loại câu hỏi", "Thanh: viết đúng chính tả. Vòng tròn: cùng câu ấy bỏ dấu. Số: đúng/tổng."


def _plot_scores(drawing: Any, evaluation: Evaluation, threshold: float | None) -> tuple[str, str] | None:
    scored = [r for r in evaluation.of(Wording.CLEAN) if r.answer.confidence is not None]
    if not scored:
        return None
    groups = (
        ("trả lời đúng", "good", [r for r in scored if r.item.expect in ANSWERABLE and r.right]),
        ("đáng lẽ trả lời được mà sai", "bad", [r for r in scored if r.item.expect in ANSWERABLE and not r.right]),
        ("không nên trả lời", "other", [r for r in scored if r.item.expect not in ANSWERABLE]),
    )
    bins = np.histogram_bin_edges([r.answer.confidence or 0.0 for r in scored], bins=30)
    drawing.set_size_inches(WIDTH, 3.9)
    rows = drawing.subplots(len(groups), 1, sharex=True)
    for axes, (label, colour, results) in zip(rows, groups, strict=True):
        axes.hist([r.answer.confidence for r in results], bins=bins, color=COLOURS[colour], alpha=0.8)
        axes.set_title(f"{label} ({len(results)} câu)", loc="left", fontsize=9)
        axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
        if threshold is not None:
            axes.axvline(threshold, color=COLOURS["ink"], linestyle="--", linewidth=1)
    mark = f" (gạch đứng: ngưỡng {_decimal(threshold)})" if threshold is not None else ""
    rows[-1].xaxis.set_major_formatter(lambda value, _: _decimal(value))
    rows[-1].set_xlabel(f"điểm tin cậy{mark}")
    return "Điểm tin cậy", "Số câu theo điểm. Ngưỡng tốt để ít câu đúng bên trái, ít câu không nên trả lời bên phải."


def _plot_trade_off(drawing: Any, evaluation: Evaluation, threshold: float | None) -> tuple[str, str] | None:
    clean = evaluation.of(Wording.CLEAN)
    figures = evaluation.runs["clean"]
    if not {"false_refusals", "false_answers"} <= figures.keys() or all(r.answer.confidence is None for r in clean):
        return None
    scores = sorted({r.answer.confidence for r in clean if r.answer.confidence is not None})
    curve = [trade_off(clean, at) for at in (*scores, scores[-1] + 1)]
    drawing.set_size_inches(WIDTH, 3.4)
    axes = drawing.subplots()
    axes.plot(*zip(*curve, strict=True), color=COLOURS["other"], linewidth=1.6, label="khi ngưỡng thay đổi")
    if threshold is not None:
        label = f"ngưỡng {_decimal(threshold)}"
        axes.plot(*trade_off(clean, threshold), "o", color=COLOURS["other"], markersize=7, label=label, clip_on=False)
    observed = figures["false_refusals"].value, figures["false_answers"].value
    axes.plot(*observed, "X", color=COLOURS["bad"], markersize=7, label="bot hiện nay", clip_on=False)
    percent_axis(axes.xaxis, axes.set_xlim)
    percent_axis(axes.yaxis, axes.set_ylim)
    axes.set_xlabel(f"không trả lời câu nên trả lời (của {figures['false_refusals'].n} câu)")
    axes.set_ylabel(f"trả lời câu không nên (của {figures['false_answers'].n})")
    axes.legend(fontsize=8)
    return "Chọn ngưỡng", "Mỗi điểm là một ngưỡng: càng gần góc trái dưới càng tốt. Chỉ xét điểm tin cậy."


def trade_off(results: Sequence[Result], threshold: float) -> tuple[float, float]:
    """Shares of false refusals and of false answers, were every score at or above the threshold answered."""

    def would_answer(result: Result) -> bool:
        confidence = result.answer.confidence
        return answered(result) if confidence is None else confidence >= threshold

    refusals = share(not would_answer(result) for result in results if result.item.expect in ANSWERABLE)
    answers = share(would_answer(result) for result in results if result.item.expect not in ANSWERABLE)
    return refusals.value, answers.value


def _plot_latency(drawing: Any, evaluation: Evaluation, _: float | None) -> tuple[str, str]:
    times = [result.answer.timings.total for result in evaluation.of(Wording.CLEAN)]
    figures = evaluation.runs["clean"]
    drawing.set_size_inches(WIDTH, 2.6)
    axes = drawing.subplots()
    axes.ecdf(times, color=COLOURS["good"])
    for name, part in (("latency.p50", 0.5), ("latency.p95", 0.95)):
        value = figures[name].value
        axes.plot(value, part, "o", color=COLOURS["ink"], markersize=5)
        axes.annotate(f"{part:.0%}: {_value_text(name, value)} ms", (value, part), (7, -10), textcoords="offset points")
    axes.set_xlim(0, 1.35 * max(figures["latency.p95"].value, 1e-3))
    percent_axis(axes.yaxis, axes.set_ylim)
    axes.set_xlabel("mili giây")
    return "Thời gian trả lời", f"Phần câu hỏi được trả lời trong chừng ấy thời gian ({len(times)} câu viết đúng)."


def _decimal(value: float) -> str:
    return f"{value:.3g}".replace(".", ",")

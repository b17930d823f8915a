"""Train bot/answering/reader.npz on the sample questions: the first part of `make train`.

Every sample question is searched for as a person would ask it, with what would give the answer away left out of the
index: itself and its near copies, for half of them all the questions of their units. What is found are its candidates.
The reader learns to put those that answer it above the others and above "nothing here answers it", which is right for
the questions that the documents do not answer, and for some whose answer is taken away from the candidates.

Two readers are trained. The first does not see a third of the documents, nor their questions: it gives the figures for
documents that are new, and what fit_ranking.py weighs. The second sees all, and is the one that is kept.
A tenth of the question bank, drawn by unit, took part in nothing (tests/data/questions-bank.jsonl): it gives the
figures for known documents. Some 40 minutes on two cores; examples are kept in DATA/train, so that a second run is
spared half of them.
"""

import json
import pickle
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import typer
import yaml
from rich.progress import Progress, track
from torch import nn
from torch.nn import functional

from bot.answering.answer import K
from bot.answering.asked import asked
from bot.answering.rank import FEATURES, features
from bot.answering.reader import BRIGHT, HEADS, LONGEST, WEIGHTS
from bot.quality.evaluate import strip_diacritics
from corpus.catalogue import DOCUMENTS, read_folder
from corpus.questions import path_of, styled
from corpus.split import split
from index.encode import OnnxEncoder
from index.query import parse
from index.search import query_tokens, query_vector, search
from index.snapshot import Snapshot, load

DATA = Path(__file__).parent / "data"
HELD_OUT = DATA / "questions-bank.jsonl"
FOLDS = 3  # of the documents; one is left out of the first reader
STRIPPED = 0.35  # of the questions, that are learnt from without diacritics as well
WHOLE_UNITS = 0.5  # of the examples, for which all the questions of their units are left out of the index
COPY = 0.985  # cosine at which another question is a copy
TAKEN_AWAY = 0.3  # of the questions, whose answer is not among the candidates in an epoch,
WITH_DOCUMENT = 0.5  # and of these, for which nothing of its documents is, so that what is asked about is absent
CANDIDATES, HARDEST = 14, 8  # a question, in a step; those nearest to it by meaning
UNIT_DENSE, SAMPLE_DENSE = FEATURES.index("unit_dense"), FEATURES.index("sample_dense")
BATCH, EPOCHS = 32, 2  # the figures after one and two: EXPERIMENTS.md
SEED = 0

SPAWN = get_context("spawn")  # a process that has run torch or onnxruntime cannot be forked

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the bank, and the units that answer it; `held_out`: it takes part in nothing but the report."""

    text: str
    style: str
    document: str
    units: tuple[int, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A question as it was typed, and what was found for it: one row of `features` a candidate."""

    question: Asked
    typed: str
    tokens: Matrix
    candidates: tuple[int, ...]
    features: Matrix
    near: tuple[float, float]  # the best cosine of a unit, and of a sample question


@dataclass(frozen=True, slots=True)
class Corpus:
    """The units of a snapshot in their order: their documents, their texts, their tokens."""

    documents: list[str]
    texts: list[str]
    tokens: npt.NDArray[np.int8]


def main(
    data: Annotated[Path, typer.Option(envvar="HANOIDX_DATA")] = Path("data"),
    epochs: Annotated[float, typer.Option(help="How often each question is seen.")] = EPOCHS,
) -> None:
    corpus = _corpus(load(data, OnnxEncoder()))
    examples = _examples(data)
    documents = sorted(set(corpus.documents))
    random.Random(SEED).shuffle(documents)
    new = frozenset(documents[::FOLDS])
    learnt = [one for one in examples if not one.question.held_out]
    known = [one for one in learnt if one.question.document not in new]
    print(f"{len(learnt)} examples, {len(examples) - len(learnt)} held out, {len(new)} documents left out at first")
    unseen = [one for one in learnt if one.question.document in new]
    with ProcessPoolExecutor(2, SPAWN) as pool:  # side by side, because two threads of one hardly gain
        first, reader = pool.map(_trained, (known, learnt), 2 * [corpus], 2 * [epochs], (new, frozenset[str]()))
    scored = _scored(first, unseen, corpus)
    _report("new documents", unseen, scored, corpus)
    held_out = [one for one in examples if one.question.held_out]
    _report("known documents, new questions", held_out, _scored(reader, held_out, corpus), corpus)
    unseen_file(data).write_bytes(pickle.dumps([_plain(*pair) for pair in zip(unseen, scored, strict=True)]))
    kept = {name: value.numpy() for name, value in reader.state_dict().items()}
    np.savez(WEIGHTS, **{name: value.astype(np.float16) if value.ndim == 2 else value for name, value in kept.items()})


def unseen_file(data: Path) -> Path:
    """The examples of the documents that the first reader has not seen, with its scores, for fit_ranking.py."""
    return data / "train" / "unseen.pickle"


def _plain(example: Example, scores: Matrix) -> tuple[str, Matrix, npt.NDArray[np.bool_]]:
    """Its document, its features with the scores, and which units answer it."""
    columns = np.column_stack([example.features, scores])
    return example.question.document, columns, np.isin(example.candidates, example.question.units)


# Examples


def _corpus(snapshot: Snapshot) -> Corpus:
    units = [(passage.document_id, unit.text) for passage in _passages(snapshot) for unit in passage.units]
    return Corpus([document for document, _ in units], [text for _, text in units], np.array(snapshot.unit_tokens))


def _passages(snapshot: Snapshot) -> Iterator[Any]:
    return (snapshot.read(row) for row in range(len(snapshot)))


def _examples(data: Path) -> list[Example]:
    """All examples, made by two processes; kept beside the snapshot that they were made with."""
    snapshot = load(data, OnnxEncoder())
    file = data / "train" / f"{snapshot.id}.pickle"
    if file.exists():
        return list(pickle.loads(file.read_bytes()))
    questions = _bank(_corpus(snapshot))
    parts = [questions[place::64] for place in range(64)]
    with ProcessPoolExecutor(2, SPAWN) as pool, Progress() as progress:
        found: list[Example] = []
        task = progress.add_task("questions", total=len(questions))
        for part in pool.map(_searched, parts, [data] * len(parts), range(len(parts))):
            found += part
            progress.advance(task, len(questions) / len(parts))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(found))
    return found


def _bank(corpus: Corpus) -> list[Asked]:
    rows: dict[str, list[int]] = {}
    for row, document in enumerate(corpus.documents):
        rows.setdefault(document, []).append(row)
    found: dict[str, Asked] = {}
    for path in sorted(DOCUMENTS.glob("*.md")):
        questions = path_of(path)
        for entry in yaml.safe_load(questions.read_text("utf-8")) if questions.is_file() else ():
            beginnings = [entry["answered_by"]] if isinstance(entry["answered_by"], str) else entry["answered_by"]
            units = tuple(
                next(row for row in rows[path.stem] if corpus.texts[row].startswith(one)) for one in beginnings
            )
            for style, text in styled(entry["questions"]):
                before = found.get(text, Asked(text, style, path.stem, (), held_out=False))
                found[text] = replace(before, style=style or before.style, units=before.units + units)
    documents = {document.entry.id: document.text for document in read_folder()}
    spans = _spans()
    for line in HELD_OUT.read_text("utf-8").splitlines():
        item = json.loads(line)
        units = tuple(
            row
            for evidence in item["evidence"]
            for start in [documents[evidence["doc"]].index(evidence["quote"])]
            for row, (first, end) in zip(rows[evidence["doc"]], spans[evidence["doc"]], strict=True)
            if first < start + len(evidence["quote"]) and end > start
        )
        found.pop(item["question"], None)
        document = item["docs"][0] if item["docs"] else ""
        found[item["question"]] = Asked(item["question"], item["style"], document, units, held_out=True)
    return list(found.values())


def _spans() -> dict[str, list[tuple[int, int]]]:
    """Where the units of each document stand in its text."""
    return {
        document.entry.id: [(unit.start, unit.end) for passage in split(document) for unit in passage.units]
        for document in read_folder()
    }


class Without:
    """An index of sample questions that passes over some."""

    def __init__(self, index: Any) -> None:
        self.index, self.ntotal, self.out = index, index.ntotal, set[int]()

    def search(self, vectors: Matrix, count: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
        cosines, rows = self.index.search(vectors, min(count + len(self.out), self.ntotal))
        kept = [place for place, row in enumerate(rows[0].tolist()) if row not in self.out][:count]
        return cosines[:, kept], rows[:, kept]


def samples_of(snapshot: Snapshot) -> dict[str, set[int]]:
    """By document, the places of its sample questions in the index."""
    found: dict[str, set[int]] = {}
    for sample, (row, _) in enumerate(snapshot.question_units.tolist()):
        found.setdefault(snapshot.read(row).document_id, set()).add(sample)
    return found


def _searched(questions: Sequence[Asked], data: Path, seed: int) -> list[Example]:
    """Each question with what is found for it, and some without diacritics once more."""
    snapshot = load(data, OnnxEncoder(threads=1))
    vectors = snapshot.questions.reconstruct_n(0, snapshot.questions.ntotal)
    index = Without(snapshot.questions)
    snapshot.questions = index  # type: ignore[assignment]
    of_unit: dict[int, list[int]] = {}
    for sample, (row, place) in enumerate(snapshot.question_units.tolist()):
        of_unit.setdefault(int(snapshot.unit_rows[row]) + place, []).append(sample)
    chance = random.Random(seed)
    found = []
    for question in questions:
        bare = strip_diacritics(question.text)
        wordings = [question.text]
        if bare != question.text and (question.held_out or chance.random() < STRIPPED):
            wordings.append(bare)
        for typed in wordings:
            query = parse(typed, snapshot.spelling)
            vector = query_vector(snapshot.encoder, query)
            samples = [sample for unit in question.units for sample in of_unit.get(unit, ())]
            whole = chance.random() < WHOLE_UNITS
            copies = [sample for sample in samples if whole or vectors[sample] @ vector > COPY]
            index.out = set() if question.held_out else set(copies)
            hits = search(snapshot, query, K, vector)
            found.append(
                Example(
                    question,
                    typed,
                    query_tokens(snapshot.encoder, query)[:LONGEST],
                    tuple(hit.first_unit + place for hit in hits for place in range(len(hit.passage.units))),
                    features(query, asked(query), hits, snapshot).astype(np.float32),
                    (max(max(hit.units) for hit in hits), max(max(hit.samples) for hit in hits)),
                )
            )
    return found


# The reader, as bot/answering/reader.py computes it


class Reader(nn.Module):
    fmean: torch.Tensor
    fstd: torch.Tensor

    def __init__(self, token_dim: int, columns: Matrix, *, dim: int = 96, drop: float = 0.2) -> None:
        """`columns`: features of some examples with their distances; each column's mean and spread are kept."""
        super().__init__()
        self.pq, self.pu = nn.Linear(token_dim, dim), nn.Linear(token_dim, dim)
        for projection in (self.pq, self.pu):  # at first the comparison is that of the encoder
            nn.init.eye_(projection.weight)
            nn.init.zeros_(projection.bias)
        self.nq, self.norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.temp = nn.Parameter(torch.tensor(20.0))
        self.mix = nn.Sequential(nn.Linear(4 * dim + 2, 2 * dim), nn.ReLU(), nn.Dropout(drop), nn.Linear(2 * dim, dim))
        layer = nn.TransformerEncoderLayer(dim, HEADS, 2 * dim, drop, "relu", batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.weigh, self.weightq, self.out = nn.Linear(dim, 1), nn.Linear(dim, 1), nn.Linear(2 * dim, 1)
        self.sim, self.null = nn.Parameter(torch.tensor(8.0)), nn.Parameter(torch.tensor(0.0))
        self.feat = nn.Linear(columns.shape[1], 1)
        for weight in (self.weightq.weight, self.weightq.bias, self.out.weight, self.feat.weight):
            nn.init.zeros_(weight)
        self.register_buffer("fmean", torch.from_numpy(columns.mean(axis=0)))
        self.register_buffer("fstd", torch.from_numpy(columns.std(axis=0) + 1e-6))
        self.drop = nn.Dropout(drop)

    def units(self, tokens: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.pu(functional.normalize(tokens, dim=-1)), dim=-1)

    def forward(
        self,
        question: torch.Tensor,
        is_asked: torch.Tensor,
        units: torch.Tensor,
        is_said: torch.Tensor,
        chosen: torch.Tensor,
        columns: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The scores of the chosen units, (questions, chosen), and the similarity of all, (questions, units).

        `question` (questions, tokens, token_dim), `units` (units, tokens, dim), `columns` (questions, chosen, columns).
        """
        typed = self.pq(self.drop(question))
        asked_ = functional.normalize(typed, dim=-1)
        count, length, dim = asked_.shape
        size, said, _ = units.shape
        number = chosen.shape[1]
        weight = self.weightq(self.nq(typed)).squeeze(-1).masked_fill(~is_asked, -1e4).softmax(-1)
        near = (asked_.reshape(-1, dim) @ units.reshape(-1, dim).T).view(count, length, size, said)
        near = near.masked_fill(~is_said, -1.0)
        best = near.amax(-1)
        similar = torch.einsum("qlu,ql->qu", best, weight)
        rows = torch.arange(count)[:, None]
        share = (self.temp * near.transpose(1, 2)[rows, chosen]).softmax(-1)
        gathered = BRIGHT * torch.einsum("qcls,qcsd->qcld", share, units[chosen])
        one = BRIGHT * asked_[:, None].expand_as(gathered)
        weights = (weight * is_asked.sum(1, keepdim=True))[:, None].expand(count, number, length)
        figures = torch.stack([BRIGHT * best.transpose(1, 2)[rows, chosen], weights], -1)
        state = self.mix(torch.cat([one, gathered, one * gathered, (one - gathered).abs(), figures], -1))
        there = is_asked[:, None].expand(count, number, length).reshape(-1, length)
        state = self.norm(self.enc(state.view(-1, length, dim), src_key_padding_mask=~there))
        telling = self.weigh(state).squeeze(-1).masked_fill(~there, -1e4).softmax(-1)
        mean = state.masked_fill(~there[..., None], 0).sum(1) / there.sum(1, keepdim=True)
        pooled = torch.cat([(state * telling[..., None]).sum(1), mean], -1)
        measured = (columns - self.fmean) / self.fstd
        by_features = self.feat(measured).squeeze(-1)
        compared = self.out(pooled).view(count, number) + self.sim * (similar[rows, chosen] - 0.6)
        return compared + by_features, similar


def _with_distances(features_: Matrix, among: Sequence[int]) -> Matrix:
    return np.concatenate([features_, features_ - features_[list(among)].max(axis=0)], axis=1)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a question is compared with in a step; `right` of the first ones answer it."""

    right: int
    units: list[int]
    columns: Matrix


def _choice(example: Example, corpus: Corpus, out: frozenset[str], chance: random.Random) -> _Choice | None:
    """None where search did not find what answers."""
    place = {unit: row for row, unit in enumerate(example.candidates) if corpus.documents[unit] not in out}
    same = {corpus.texts[unit] for unit in example.question.units}
    right = [unit for unit in example.question.units if unit in place][:3]
    wrong = [unit for unit in place if corpus.texts[unit] not in same]
    among = [*right, *wrong]
    if example.question.units and not right:
        return None
    if right and chance.random() < TAKEN_AWAY:
        if chance.random() < WITH_DOCUMENT:
            about = {corpus.documents[unit] for unit in example.question.units}
            wrong = [unit for unit in wrong if corpus.documents[unit] not in about]
        right, among = [], wrong
    size = CANDIDATES - len(right)
    if len(wrong) < size:
        return None
    near = example.features[:, [UNIT_DENSE, SAMPLE_DENSE]].sum(axis=1)
    hardest = sorted(wrong, key=lambda unit: -near[place[unit]])
    others = hardest[HARDEST:]
    chance.shuffle(others)
    units = right + (hardest[:HARDEST] + others)[:size]
    columns = _with_distances(example.features, [place[unit] for unit in among])
    return _Choice(len(right), units, columns[[place[unit] for unit in units]])


def _padded(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(one.tokens) for one in examples)
    tokens = np.zeros((len(examples), longest, examples[0].tokens.shape[1]), np.float32)
    there = np.zeros((len(examples), longest), bool)
    for row, one in enumerate(examples):
        tokens[row, : len(one.tokens)], there[row, : len(one.tokens)] = one.tokens, True
    return torch.from_numpy(tokens), torch.from_numpy(there)


def _trained(examples: Sequence[Example], corpus: Corpus, epochs: float, out: frozenset[str]) -> Reader:
    """A reader that has seen the examples `epochs` times, and no unit of the documents that are `out`."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    columns = [_with_distances(one.features, range(len(one.features))) for one in examples[::7]]
    reader = Reader(corpus.tokens.shape[2], np.concatenate(columns))
    projections = [*reader.pq.parameters(), *reader.pu.parameters()]
    weights = [*reader.feat.parameters()]
    known = {id(one) for one in (*projections, *weights)}
    rest = [one for one in reader.parameters() if id(one) not in known]
    rates = [3e-4, 1e-3, 1e-2]
    steps = int(epochs * len(examples) / BATCH)
    optimizer = torch.optim.AdamW([{"params": part} for part in (projections, rest, weights)], weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=steps, pct_start=0.1)
    batches = _batches(examples, chance)
    for _ in track(range(steps), "reader"):
        pairs = [(one, choice) for one in next(batches) if (choice := _choice(one, corpus, out, chance))]
        loss = _loss(reader, [one for one, _ in pairs], [choice for _, choice in pairs], corpus)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return reader.eval()


def _batches(examples: Sequence[Example], chance: random.Random) -> Iterator[list[Example]]:
    """Batches of about equal lengths, so that little is padded."""
    while True:
        order = list(examples)
        chance.shuffle(order)
        batches = []
        for first in range(0, len(order), 16 * BATCH):
            part = sorted(order[first : first + 16 * BATCH], key=lambda one: len(one.tokens))
            batches += [part[place : place + BATCH] for place in range(0, len(part) - BATCH + 1, BATCH)]
        chance.shuffle(batches)
        yield from batches


def _loss(reader: Reader, examples: Sequence[Example], choices: Sequence[_Choice], corpus: Corpus) -> torch.Tensor:
    """Each unit that answers against all that do not and "nothing here"; and its similarity against the batch's."""
    question, is_asked = _padded(examples)
    units, chosen = np.unique([choice.units for choice in choices], return_inverse=True)
    tokens = torch.from_numpy(corpus.tokens[units].astype(np.float32))
    is_said = tokens.any(-1)
    longest = int(is_said.sum(1).max())
    tokens, is_said = tokens[:, :longest], is_said[:, :longest]
    is_said = is_said & (torch.rand(is_said.shape) > 0.1)  # words are left out, so that no single one is relied on
    is_asked = is_asked & (torch.rand(is_asked.shape) > 0.08)
    is_asked[:, 0] = True
    columns = torch.from_numpy(np.stack([choice.columns for choice in choices]))
    place = torch.from_numpy(chosen.reshape(len(choices), -1))
    scores, similar = reader(question, is_asked, reader.units(tokens), is_said, place, columns)
    right = torch.tensor([[row < choice.right for row in range(CANDIDATES)] + [not choice.right] for choice in choices])
    everything = torch.cat([scores, reader.null.expand(len(choices), 1)], 1)
    others = everything.masked_fill(right, -1e9).logsumexp(1, keepdim=True)
    loss = ((functional.softplus(others - everything) * right).sum(1) / right.sum(1)).mean()
    answers = torch.zeros(similar.shape, dtype=torch.bool)
    ignored = torch.zeros(similar.shape, dtype=torch.bool)
    where: dict[str, list[int]] = {}
    for row, unit in enumerate(units.tolist()):
        where.setdefault(corpus.texts[unit], []).append(row)
    for row, (example, choice) in enumerate(zip(examples, choices, strict=True)):
        for unit in example.question.units:
            ignored[row, where.get(corpus.texts[unit], [])] = True
        answers[row, place[row, : choice.right]] = True
    apart = (25 * similar).masked_fill(ignored & ~answers, -1e9).log_softmax(1).masked_fill(~answers, -1e9).logsumexp(1)
    total: torch.Tensor = loss - 0.4 * apart[answers.any(1)].mean()
    return total


# Figures


def _scored(reader: Reader, examples: Sequence[Example], corpus: Corpus) -> list[Matrix]:
    found = []
    with torch.no_grad():
        tokens = torch.from_numpy(corpus.tokens)
        units = torch.cat([reader.units(part.float()) for part in torch.split(tokens, 256)])
        said = tokens.any(-1)
        for one in track(examples, "figures"):
            question, is_asked = _padded([one])
            chosen = torch.tensor(one.candidates)
            columns = torch.from_numpy(_with_distances(one.features, range(len(one.features))))[None]
            rows = torch.arange(len(chosen))[None]
            scores, _ = reader(question, is_asked, units[chosen], said[chosen], rows, columns)
            found.append((scores[0] - reader.null).numpy())
    return found


def _report(name: str, examples: Sequence[Example], scored: Sequence[Matrix], corpus: Corpus) -> None:
    """How often a right unit is among the first, by style; and how many unanswerable ones are refused at what cost."""
    print(f"{name}:\n| style | questions | first | among 2 | among 3 |\n| --- | --- | --- | --- | --- |")
    rows: dict[str, list[tuple[bool, bool, bool]]] = {}
    best: dict[bool, list[float]] = {True: [], False: []}
    for one, scores in zip(examples, scored, strict=True):
        best[bool(one.question.units)].append(float(scores.max()))
        if one.question.units:
            same = {corpus.texts[unit] for unit in one.question.units}
            order = [corpus.texts[one.candidates[place]] in same for place in np.argsort(-scores)]
            style = one.question.style if one.typed == one.question.text else "stripped"
            for key in (style, "all"):
                rows.setdefault(key, []).append((any(order[:1]), any(order[:2]), any(order[:3])))
    for style, found in sorted(rows.items()):
        print(f"| {style} | {len(found)} |", " | ".join(f"{share:.3f}" for share in np.mean(found, axis=0)), "|")
    for cost in (0.02, 0.05, 0.1):
        bound = np.quantile(best[True], cost)
        print(
            f"refused at {cost:.0%} false refusals: {np.mean(np.array(best[False]) < bound):.3f} of {len(best[False])}"
        )


if __name__ == "__main__":
    typer.run(main)

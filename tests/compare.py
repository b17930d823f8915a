"""The same questions through LangChain + FAISS and through txtai: encoding and search alone, no answer, no citation.

Run by bench.py, one process a library and step, so that memory and imports do not mix:
`python tests/compare.py NAME STEP FOLDER`, where STEP is `build`, `first` (answer the first question and stop) or a
number of rounds over all questions. FOLDER holds `passages.json` and `questions.json`, two lists of texts.
Both libraries load the bundled model through sentence-transformers, with its two prompts.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

MODEL = Path(__file__).parents[1] / "index" / "model"
K = 10

Search = Callable[[str], Sequence[object]]


def build_langchain(passages: list[str], folder: Path) -> None:
    from langchain_community.vectorstores import FAISS

    FAISS.from_texts(passages, _langchain_encoder()).save_local(str(folder))


def load_langchain(folder: Path) -> Search:
    from langchain_community.vectorstores import FAISS

    store = FAISS.load_local(str(folder), _langchain_encoder(), allow_dangerous_deserialization=True)

    def search(question: str) -> Sequence[object]:
        found: Sequence[object] = store.similarity_search_with_score(question, k=K)
        return found

    return search


def _langchain_encoder() -> object:
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(
        model_name=str(MODEL),
        model_kwargs={"device": "cpu"},
        encode_kwargs={"prompt_name": "passage", "normalize_embeddings": True},
        query_encode_kwargs={"prompt_name": "query", "normalize_embeddings": True},
    )


def build_txtai(passages: list[str], folder: Path) -> None:
    from txtai import Embeddings

    embeddings = Embeddings(
        path=str(MODEL),
        method="sentence-transformers",
        instructions={"query": "query: ", "data": "passage: "},
        content=True,
        gpu=False,
    )
    embeddings.index(passages)
    embeddings.save(str(folder))


def load_txtai(folder: Path) -> Search:
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(str(folder))

    def search(question: str) -> Sequence[object]:
        found: Sequence[object] = embeddings.search(question, K)
        return found

    return search


LIBRARIES: dict[str, tuple[Callable[[list[str], Path], None], Callable[[Path], Search]]] = {
    "langchain": (build_langchain, load_langchain),
    "txtai": (build_txtai, load_txtai),
}
PACKAGES = {"langchain": "langchain-community", "txtai": "txtai"}


def main(name: str, step: str, folder: Path) -> None:
    build, load = LIBRARIES[name]
    if step == "build":
        build(json.loads((folder / "passages.json").read_text("utf-8")), folder / name)
        return
    questions: list[str] = json.loads((folder / "questions.json").read_text("utf-8"))
    search = load(folder / name)
    first = search(questions[0])
    if step == "first":
        print(first[0])
        return
    for question in questions:
        search(question)
    rounds = [[_milliseconds(search, text) for text in questions] for _ in range(int(step))]
    print(json.dumps({"version": version(PACKAGES[name]), "rounds": rounds}))


def _milliseconds(search: Search, question: str) -> float:
    started = time.perf_counter()
    search(question)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

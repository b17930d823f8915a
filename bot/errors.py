"""What can be wrong around the bot.

BotError
├── UnknownAnswer         an id that no receipt has
├── UnreadableDatabase    it cannot be opened, or is none
├── BadGoldenQuestion     it cannot be taken in, or taken out
├── GoldenUnderWay        another process changes the golden questions
├── EvaluationError       in bot/quality/evaluate.py: what keeps questions from being asked
├── NoDatabase            nothing has been kept in this folder
├── NewerDatabase         a later version of this program has written it
├── AlreadyServed         another process serves the same account from the same data folder
└── MissingExtra          a page needs a package of the extra `evaluate`
"""

from pathlib import Path


class BotError(Exception):
    """Something that an operator has to mend; its text is one line that says how."""


class UnknownAnswer(BotError):
    def __init__(self, answer_id: str, file: str) -> None:
        super().__init__(
            f"there is no receipt of an answer {answer_id[:100]!r} in {file}; `hanoidx ask --json` prints the id as "
            "answer_id, and HANOIDX_DATA has to name the folder that the answer was given from"
        )


class UnreadableDatabase(BotError):
    def __init__(
        self,
        file: str,
        reason: str,
        mend: str = "check its permissions and the room on its disk, or move it away, and a new one is made",
    ) -> None:
        self.reason = reason
        super().__init__(f"{file} cannot be read: {reason}; {mend}")


class BadGoldenQuestion(BotError):
    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"{found}; {mend}")


class GoldenUnderWay(BotError):
    def __init__(self, lock: Path) -> None:
        super().__init__(f"another process is changing the golden questions (it holds {lock}); try again")


class NoDatabase(BotError):
    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is not there; HANOIDX_DATA has to name the folder that answers are given from")


class NewerDatabase(BotError):
    def __init__(self, file: str, found: str, known: str) -> None:
        super().__init__(
            f"{file} has version {found} of the schema, this program knows versions up to {known}; "
            "run the newer hanoidx, or name another folder in HANOIDX_DATA"
        )


class AlreadyServed(BotError):
    def __init__(self, file: Path) -> None:
        super().__init__(
            f"another process holds {file}, so it serves this account already; stop that one, or have several share "
            "the work by naming a PostgreSQL database in HANOIDX_DATABASE_URL"
        )


class MissingExtra(BotError):
    def __init__(self, module: str) -> None:
        super().__init__(f"the page needs {module}, which is not installed: pip install 'hanoidx[evaluate]'")

"""What is counted while the bot serves; `/metrics` shows it and the counter of generate.py. Nothing personal."""

from prometheus_client import Counter, Gauge, Histogram

from bot.dialogue import Answer

MESSAGES = Counter("hanoidx_messages_total", "Messages that were stored", ("channel", "kind"))
REPEATED = Counter("hanoidx_messages_repeated_total", "Deliveries of messages that were stored before", ("channel",))
QUESTIONS = Counter("hanoidx_questions_total", "Questions by how they ended", ("channel", "status"))
REFUSED = Counter("hanoidx_requests_refused_total", "Requests refused before anything was done", ("channel", "reason"))
SENDS = Counter("hanoidx_sends_total", "Attempts to send by how they ended", ("channel", "outcome"))
STAGES = Histogram(
    "hanoidx_stage_seconds",
    "Time from receipt to taking up (wait), of the answer and its search, of one send, and from receipt to sent (all)",
    ("stage",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120, 600),
)
DEPTH = Gauge("hanoidx_queue_depth", "Messages that wait")
AGE = Gauge("hanoidx_queue_oldest_seconds", "How long the oldest of them has waited")
SNAPSHOT = Gauge("hanoidx_snapshot", "1 for the snapshot in use", ("id",))


def count_answer(channel: str, answer: Answer) -> None:
    QUESTIONS.labels(channel, answer.status.value).inc()
    STAGES.labels("answer").observe(answer.timings.total / 1000)
    STAGES.labels("search").observe(answer.timings.search / 1000)

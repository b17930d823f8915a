"""Every number that was tuned by measuring, with what it does. `make tune` measures each by cross-validation.

It is here because the search is; `make train` writes what is learned: reader.npz, ranking.json, likely.json and
the like in bot/answering. Each was last set by what cross-validation over documents says (EXPERIMENTS.md).
Margins are log-odds below the score of the best unit.
"""

# --- What comes first (index/search.py): beside 1 for a passage's similarity and 1 for BM25

UNIT_WEIGHT = 0.5  # of the best unit's similarity
SAMPLE_WEIGHT = 1.05  # of the nearest sample question's

# --- Which units join the best one (bot/answering/rank.py, bot/answering/compose.py)

MARGIN = 1.25  # at which a unit no longer answers beside the best one
MARGIN_YEAR = 7.0  # for a unit that has the year asked for, where none near the best has
MARGIN_LIST = 3.0  # for a list, where a list is asked for
MARGIN_WHOLE = 2.5  # by which a list's mean may be below its best unit for the list to come whole
MARGIN_NEWER = 3.0  # for a unit of a document that supersedes the best unit's
MARGIN_LATEST = 5.0  # for the latest unit, where a question asks whether something still holds
MARGIN_INSTEAD = 12.0  # for what holds now, where the best unit is listed as old
MARGIN_AGREED = 6.0  # for a unit with the value asked for, where the best says that sources disagree
MARGIN_ALSO = 3.5  # for a unit with a further kind of value that was asked for
MARGIN_OTHER = 6.0  # for the best unit of a second document, where two are compared
SAME = 0.8  # share of words from which two units say the same

# --- When not to answer (bot/answering/doubt.py)

# Log-odds of bot/answering/likely.py. Below these a question is not one for the documents, by its language;
THRESHOLD = -2.0
THRESHOLD_ENGLISH = -0.5
THRESHOLD_OTHER = 1.0
OTHER_ENCODER = 2.0  # by which it is higher with an encoder without tokens, where nearness alone tells
NAMED = 4.5  # by which it may be lower where a place of Hanoi or a procedure is named, which we have to speak of
NOT_HERE = -2.0  # below this they do not answer it,
DOUBTFUL = -1.5  # and below this an answer says that it may not be what was asked
NEARBY = 5.0  # below this what they say nearby is none of the question's, and is not shown
MARGIN_VALUE = 4.0  # for a unit of the best one's document that may still hold the value asked for
STATED_SHARE = 0.45  # of the words of a sentence "the sources do not say X" that the question shares
STATED_READ = 4.5  # log-odds by which the reader may give it less than the best,
STATED_SURE = 0.5  # unless the best has that much;
STATED_READ_SURE = 2.0  # then by that
STATED_GAP = 0.016  # cosine by which its unit may be less alike than the best, if it has no sample questions
SAMPLE_NEAR = 0.92  # or the cosine of one of its sample questions, when no unit has a nearer one
SAMPLE_LEAD = 0.01  # cosine by which it must be nearer where the question has no diacritics, and so says less

# --- When a message is no question (bot/answering/recognise.py)

ANSWERED = 1.0  # log-odds that the documents answer it, from which a message is not refused, whatever it sounds like
SURE = 0.4  # log-odds of no question at which a message is none,
WARY = 0.3  # and how much more it takes for each of the log-odds that it is one for the documents, or off topic

# --- What is offered (bot/answering/clarify.py, bot/answering/suggest.py)

MARGIN_CHOICE = 2.5  # at which another document is about as likely meant
CITED = 0.02  # cosine by which a unit of another document has to be nearer to come before one of a cited document
ALIKE = 0.6  # share of the longer question's words from which two questions ask the same

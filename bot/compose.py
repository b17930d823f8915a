"""Hits -> the text of an answer with its numbered citations."""

from bot.dialogue import Citation
from index.search import Hit


def cite(number: int, hit: Hit, unit_row: int) -> Citation:
    """The citation of one unit of a hit; its address is that of the first source the unit itself names."""
    entry, unit = hit.entry, hit.passage.units[unit_row]
    addresses = {source.n: source.url for source in entry.sources}
    return Citation(
        number=number,
        passage_id=hit.passage.id,
        document_id=entry.id,
        title=entry.title,
        headings=hit.passage.headings,
        issuer=entry.issuer,
        document_number=entry.number,
        issued=entry.issued,
        as_of=entry.as_of,
        status=entry.status,
        url=next((addresses[n] for n in unit.sources if n in addresses), next(iter(addresses.values()), None)),
        quote=unit.quote,
    )

"""By what the demonstration's people are found where nobody may be."""

from __future__ import annotations

from demo.lottery import assembly_pool, climate_council_pool, standing_council_pool
from demo.volunteer_words import PEOPLE, PHONED


def _marks() -> list[str]:
    """Names, addresses, telephones and e-mails of everybody in the demonstration."""
    pools = (assembly_pool(), standing_council_pool(), climate_council_pool())
    found = {
        row[column]
        for pool in pools
        for row in pool.respondents
        for column in ("navn", "adresse", "e-mail", "telefon")
    }
    for one in (*PEOPLE, PHONED):
        found |= {one.name, one.phone, one.email}
    return sorted(found - {""})


MARKS = _marks()

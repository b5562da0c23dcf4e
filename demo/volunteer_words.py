"""The demonstration's volunteers and what they sign up for: invented, all of them."""

from __future__ import annotations

from dataclasses import dataclass

from demo import report_words as words


@dataclass(frozen=True)
class PersonWords:
    """Somebody who signs in as `subject`."""

    subject: str
    name: str
    phone: str
    email: str


ASTA = PersonWords("volunteer-1", "Asta Nørvang", "+45 20 41 00 01", "asta@example.org")
"""Whom the volunteer's sign-in link is for."""

PEOPLE: tuple[PersonWords, ...] = (
    ASTA,
    PersonWords("volunteer-2", "Bjarne Havmand", "+45 20 41 00 02", "bjarne@example.org"),
    PersonWords("volunteer-3", "Clara Grønbæk", "+45 20 41 00 03", "clara@example.org"),
    PersonWords("volunteer-4", "Ditlev Skovhuse", "+45 20 41 00 04", "ditlev@example.org"),
    PersonWords("volunteer-5", "Freja Ørsted", "+45 20 41 00 05", "freja@example.org"),
    PersonWords("volunteer-6", "Ivar Tangkær", "+45 20 41 00 06", "ivar@example.org"),
)
PHONED = PersonWords("", "Svend Mosevang", "+45 20 41 00 07", "")
"""Who has no sign-in and phoned the coordinator."""


@dataclass(frozen=True)
class SlotWords:
    """`day`: days from today, moved to the next `weekday` (0 is Monday); `hours` local, from and to.

    `people` by subject sign up in this order, the one who phoned last where `phoned`.
    """

    day: int
    weekday: int
    hours: tuple[int, int]
    capacity: int
    people: tuple[str, ...] = ()
    phoned: bool = False


@dataclass(frozen=True)
class TaskWords:
    title: str
    text: str
    place: str
    initiative: str
    slots: tuple[SlotWords, ...]
    requirements: str = ""
    private_text: str = ""


OFFICE, OFFICE_PHONE = "Frivilligkontoret på biblioteket", "+45 32 41 00 10"

TASKS: tuple[TaskWords, ...] = (
    TaskWords(
        "Mentor i fritidsklubben Fyret",
        "Du spiller bordtennis, hjælper med lektier eller sidder bare i sofaen. Det vigtige er, at du kommer "
        "igen, så børnene kan regne med dig.\n\nFørste gang viser klubbens medarbejdere dig rundt.",
        "Fritidsklubben Fyret, Skolepladsen 2, Havnsted",
        words.MENTORS,
        (
            SlotWords(3, 1, (15, 17), 2, ("volunteer-2", "volunteer-3", "volunteer-5", "volunteer-1")),
            SlotWords(10, 1, (15, 17), 2, ("volunteer-2",)),
            SlotWords(17, 1, (15, 17), 2),
        ),
        requirements="Du er fyldt 18. Vi indhenter en børneattest, før du begynder.",
        private_text="Brug sidedøren ved cykelskuret. Koden er 2580.",
    ),
    TaskWords(
        "Frivillighedsdag på havnen",
        "Vi stiller 30 boder op, bager pandekager til hele byen og pakker ned igen. Kom alene eller tag en "
        "ven med. Der er kaffe fra klokken otte.",
        "Havnepladsen, Havnsted",
        words.DAY,
        (
            SlotWords(16, 5, (8, 12), 8, ("volunteer-1", "volunteer-4", "volunteer-6"), phoned=True),
            SlotWords(16, 5, (13, 17), 6, ("volunteer-3",)),
        ),
        requirements="Tag praktiske sko på. Tunge ting løfter vi sammen.",
    ),
    TaskWords(
        "Læseven på Strandgården",
        "Læs højt i en halv time, drik en kop kaffe, og hør, hvad beboerne kan huske. Du behøver ikke være "
        "god til det. De hører efter alligevel.",
        "Plejehjemmet Strandgården, Torvet 5, Havnsted",
        words.READING,
        (
            SlotWords(-8, 2, (10, 11), 3, ("volunteer-1", "volunteer-4", "volunteer-5")),
            SlotWords(6, 2, (10, 11), 3, ("volunteer-4",), phoned=True),
            SlotWords(13, 2, (10, 11), 3),
        ),
    ),
    TaskWords(
        "It-café: hjælp en nabo med telefonen",
        "Folk kommer med det, der driller: MitID, billeder, en besked, der ikke vil væk. Du hjælper med ét "
        "ad gangen. Ingen spørgsmål er for små.",
        "Havnsted Bibliotek, 1. sal",
        "",
        (SlotWords(4, 3, (16, 18), 4),),
    ),
)

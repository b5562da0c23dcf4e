"""What the demonstration's report says: a preface, 5 recommendations, 24 initiatives with their support.

The initiatives, and to the nearest percent how many members stood behind each, are those of a real case,
Dragør 2025; the counts are made to give them, and the words are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFACE = (
    "Vi er 36 borgere i Havnsted, som blev trukket ud ved lodtrækning. De fleste af os kendte ikke "
    "hinanden.\n\n"
    "Vi har mødtes, lyttet til fagfolk og naboer, været uenige og skrevet hvert ord i denne rapport selv. "
    "Til sidst stemte vi om hvert forslag for sig."
)


@dataclass(frozen=True)
class InitiativeWords:
    """`yes` and `no` of the members present; the rest left it blank."""

    title: str
    text: str
    yes: int
    no: int


@dataclass(frozen=True)
class RecommendationWords:
    title: str
    vision: str
    initiatives: tuple[InitiativeWords, ...]


BUS = "Buslinje til metroen"
COUNCIL = "Et fast borgerråd"
CREATIVE = "Et kreativt udvalg, hver gang en ydelse skæres væk"
HOUSING = "Almene boliger til plejepersonale og unge"
FUND = "En frivilligfond"
PARKING = "Indtægter fra turister ved betalt parkering"
INTERNSHIPS = "En praktikportal"
PARTNERSHIPS = "Partnerskaber mellem virksomheder og foreninger"
DAY = "En årlig frivillighedsdag"
COORDINATOR = "En frivilligkoordinator"
PORTAL = "En frivilligportal"
STAFF = "Dygtige medarbejdere skal have lyst til at komme"
VISITS = "Forebyggende besøg"
MENTORS = "Frivillige mentorer for børn og unge"
READING = "Fast samarbejde mellem skoler og plejehjem"
SCHOOL = "Skolepraktik i det frivillige"
ACTIVE = "Gode rammer for en aktiv alderdom"
DISTRESS = "Medarbejdere, der ser mistrivsel tidligt"
SPECIAL = "Specialiserede løsninger"
EXTRA = "Tilkøb af ekstra ydelser"
PAYMENT = "Forebyggelse med egenbetaling"
MONEY = "Pengene følger borgeren"
DIGITAL = "De gode digitale løsninger først"
TECHNOLOGY = "Brug af velfærdsteknologi"

_One = InitiativeWords

REPORT: tuple[RecommendationWords, ...] = (
    RecommendationWords(
        "Økonomi 2035: tal sammen om det, der er vigtigst, og brug borgernes kræfter",
        "Vi vil kende regningen, før vi ønsker os noget, og være med til at bære den.",
        (
            _One(BUS, "En bus hvert tyvende minut, også om aftenen, så man kan bo her uden bil.", 24, 0),
            _One(
                COUNCIL,
                "Et råd, som trækkes ved lodtrækning og skiftes ud lidt ad gangen, så flere får prøvet det.",
                23,
                1,
            ),
            _One(CREATIVE, "De, det går ud over, skal være med til at finde den næstbedste løsning.", 23, 1),
            _One(HOUSING, "Den, der passer vores gamle, skal have råd til at bo i byen.", 23, 1),
            _One(FUND, "En pulje, som foreninger kan søge på én side og få svar fra inden en måned.", 20, 5),
            _One(PARKING, "Gæsterne er velkomne og må gerne være med til at betale for byen.", 22, 2),
        ),
    ),
    RecommendationWords(
        "Samskabelse og frivillighed",
        "Det skal være let at give en hånd med, og let at få den.",
        (
            _One(INTERNSHIPS, "Ét sted, hvor unge kan finde en praktikplads tæt på, hvor de bor.", 23, 1),
            _One(PARTNERSHIPS, "En virksomhed har værktøj og timer. En forening har brug for begge.", 23, 1),
            _One(DAY, "Én dag om året, hvor hele byen ser, hvad de frivillige laver.", 23, 1),
            _One(COORDINATOR, "Ét navn på døren, når man gerne vil hjælpe.", 22, 2),
            _One(PORTAL, "Ét overblik over, hvem der har brug for hjælp, og hvornår.", 22, 2),
        ),
    ),
    RecommendationWords(
        "Forebyggelse",
        "Det er bedre at komme for tidligt end for sent.",
        (
            _One(STAFF, "Ro på vagtplanen og tid til oplæring er vigtigere end en ny brochure.", 23, 1),
            _One(VISITS, "Et besøg om året til alle over 75, som bor alene, hvis de siger ja tak.", 23, 1),
            _One(MENTORS, "En voksen, der kommer, fordi hun har lyst, og bliver ved med at komme.", 22, 2),
            _One(READING, "Hver klasse får et plejehjem, og hvert plejehjem får en klasse.", 22, 2),
            _One(SCHOOL, "En uge i 8. klasse hos en forening, på linje med anden praktik.", 22, 2),
            _One(ACTIVE, "Gode bænke, lys på stien og et sted at spise sammen om onsdagen.", 20, 3),
            _One(
                DISTRESS, "Kurser til dem, der ser børnene hver dag, og et nummer, de kan ringe til.", 20, 4
            ),
        ),
    ),
    RecommendationWords(
        "Valgfrihed i samarbejde mellem offentlige og private",
        "Man skal kunne vælge uden at skulle kende reglerne udenad.",
        (
            _One(SPECIAL, "Det, kommunen sjældent gør, kan andre ofte gøre bedre.", 22, 2),
            _One(EXTRA, "Vil man have vinduerne pudset oftere, skal man kunne købe det samme sted.", 20, 4),
            _One(PAYMENT, "Hold og træning før sygdommen, mod en lille betaling.", 18, 6),
            _One(MONEY, "Beløbet skal følge den, der har brug for hjælpen, og ikke bygningen.", 17, 7),
        ),
    ),
    RecommendationWords(
        "Digitalisering og velfærdsteknologi",
        "Teknik skal give mere tid til mennesker, og der skal altid være én, man kan ringe til.",
        (
            _One(DIGITAL, "Hellere tre løsninger, der virker, end tyve, der er købt.", 20, 3),
            _One(TECHNOLOGY, "Sensorer og robotter må hjælpe, men de må ikke aflyse et besøg.", 17, 7),
        ),
    ),
)

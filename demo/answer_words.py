"""What the demonstration's council answers: invented, as a council might."""

from __future__ import annotations

from dataclasses import dataclass

from borgerting.followup.v1 import promise_service_pb2 as promises
from demo import report_words as words

_FOLLOWED = promises.Answer.DECISION_FOLLOWED
_PARTLY = promises.Answer.DECISION_PARTLY
_UNDER_WAY = promises.Answer.DECISION_UNDER_WAY
_NOT_FOLLOWED = promises.Answer.DECISION_NOT_FOLLOWED

_ECONOMY, _WELFARE, _CHILDREN, _TOWN = (
    "Økonomiudvalget",
    "Social- og Sundhedsudvalget",
    "Børne- og Skoleudvalget",
    "By- og Miljøudvalget",
)


@dataclass(frozen=True)
class AnswerWords:
    initiative: str
    decision: promises.Answer.Decision.ValueType
    committee: str
    office: str
    reason: str
    actions: str = ""


IN_TIME: tuple[AnswerWords, ...] = (
    AnswerWords(
        words.COUNCIL,
        _FOLLOWED,
        _ECONOMY,
        "Byrådssekretariatet",
        "Vi har haft glæde af at få råd af borgere, der ikke selv har meldt sig til politik. Borgerrådet får "
        "24 medlemmer, som trækkes ved lodtrækning, og en tredjedel skiftes ud hvert år.",
        "Indbydelserne sendes ud med Digital Post. Lodtrækningen er offentlig.",
    ),
    AnswerWords(
        words.CREATIVE,
        _PARTLY,
        _ECONOMY,
        "Byrådssekretariatet",
        "Vi prøver det i to år, når en ydelse til mere end 100 borgere står til at falde bort. Ved mindre "
        "ændringer tager det for lang tid i forhold til det, der kan vindes.",
        "Det første udvalg nedsættes, næste gang budgettet lægges.",
    ),
    AnswerWords(
        words.HOUSING,
        _UNDER_WAY,
        _TOWN,
        "Plan og Byg",
        "Der er fundet to grunde ved stationen. Lokalplanen skal i høring, før vi kan love et antal boliger.",
    ),
    AnswerWords(
        words.FUND,
        _FOLLOWED,
        _ECONOMY,
        "Kultur og Fritid",
        "Fonden får 400.000 kr. om året. Ansøgningen fylder én side, og svaret kommer inden 30 dage.",
        "Der kan søges fire gange om året.",
    ),
    AnswerWords(
        words.PARKING,
        _NOT_FOLLOWED,
        _TOWN,
        "Vej og Park",
        "Butikkerne på havnen lever af, at man kan standse kort. Vi frygter, at betaling sender kunderne "
        "videre, og prøver i stedet tre timers gratis parkering.",
    ),
    AnswerWords(
        words.INTERNSHIPS,
        _UNDER_WAY,
        _CHILDREN,
        "Ungdomsskolen",
        "Vi har spurgt 40 virksomheder, og 17 vil være med. Vi begynder, når vi har mindst 25.",
    ),
    AnswerWords(
        words.PARTNERSHIPS,
        _FOLLOWED,
        _ECONOMY,
        "Erhverv og Turisme",
        "Seks partnerskaber er skrevet under. Det første bygger shelter sammen med spejderne.",
    ),
    AnswerWords(
        words.DAY,
        _FOLLOWED,
        _WELFARE,
        "Kultur og Fritid",
        "Vi holder dagen på havnen, hvor alle kommer forbi, og kårer årets frivillige.",
        "Foreningerne får gratis boder og strøm.",
    ),
    AnswerWords(
        words.COORDINATOR,
        _FOLLOWED,
        _WELFARE,
        "Kultur og Fritid",
        "Stillingen er oprettet og besat. Kontoret ligger på biblioteket, så man kan gå lige ind fra gaden.",
    ),
    AnswerWords(
        words.PORTAL,
        _FOLLOWED,
        _WELFARE,
        "Kultur og Fritid",
        "Portalen er åben. Den viser, hvor der er brug for en hånd, og man melder sig til på få minutter.",
    ),
    AnswerWords(
        words.MENTORS,
        _FOLLOWED,
        _CHILDREN,
        "Børn og Familie",
        "To fritidsklubber har allerede sagt ja. Mentorerne får et kursus og en fast kontakt i klubben.",
        "Vi søger 20 mentorer det første år.",
    ),
    AnswerWords(
        words.READING,
        _FOLLOWED,
        _CHILDREN,
        "Skoler og Dagtilbud",
        "Alle fem skoler har fået et plejehjem. Beboerne glæder sig, og lærerne har fri til at følge med.",
        "Læsevenner fra byen hjælper, når eleverne har ferie.",
    ),
    AnswerWords(
        words.SPECIAL,
        _PARTLY,
        _WELFARE,
        "Sundhed og Omsorg",
        "Vi køber hjælp til senhjerneskade sammen med nabokommunerne. Resten klarer vi bedst selv.",
    ),
    AnswerWords(
        words.DIGITAL,
        _UNDER_WAY,
        _ECONOMY,
        "Digitalisering",
        "Vi er ved at gennemgå, hvad vi har. Tre løsninger lukkes, og to bliver udbredt til hele kommunen.",
    ),
)

LATE: tuple[AnswerWords, ...] = (
    AnswerWords(
        words.STAFF,
        _PARTLY,
        _WELFARE,
        "Personale og Løn",
        "Vagtplanerne ligger fast seks uger frem. Længere oplæring har vi ikke råd til i år.",
    ),
    AnswerWords(
        words.VISITS,
        _FOLLOWED,
        _WELFARE,
        "Sundhed og Omsorg",
        "Alle over 75, som bor alene, får et tilbud om besøg. Man siger selv til, om man vil have det.",
    ),
    AnswerWords(
        words.ACTIVE,
        _FOLLOWED,
        _TOWN,
        "Vej og Park",
        "Stien langs stranden får lys og bænke, og medborgerhuset åbner køkkenet om onsdagen.",
        "Der skal bruges frivillige til fællesspisningen.",
    ),
    AnswerWords(
        words.PAYMENT,
        _NOT_FOLLOWED,
        _WELFARE,
        "Sundhed og Omsorg",
        "Vi er bange for, at de, der har mest brug for det, bliver væk, hvis det koster noget.",
    ),
)

BUS_OFFICE = "Plan og Byg"
BUS_REASON = "Trafikselskabet skal bruge passagertal for et helt kvartal, før det kan give en pris."

SOUGHT: tuple[tuple[str, int, str], ...] = (
    (words.MENTORS, 20, "At være mentor i en fritidsklub to timer om ugen."),
    (words.DAY, 14, "At stille boder op, bage pandekager og pakke ned igen."),
    (words.READING, 8, "At læse højt og snakke med beboerne på et plejehjem."),
)
SOUGHT_LATE = (words.ACTIVE, 6, "At dække bord og lave kaffe til fællesspisningen om onsdagen.")
"""No task comes of it in the demonstration: it waits for the coordinator."""

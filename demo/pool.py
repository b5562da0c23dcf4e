"""Invented pools of volunteers, made from a seed: nobody in them exists.

Volunteers are not like the population: the well-educated, the older and the owners come forward more often.
That is what a lottery with targets is for, so the pools made here have the same lean.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Shares = Mapping[str, float]

OVERDRAW_REASON = "Lejere falder oftere fra undervejs, så der trækkes bevidst flere."


@dataclass(frozen=True)
class Feature:
    """A feature: each value's share of the population, and how much likelier its people volunteer."""

    name: str
    population: Shares
    eagerness: Shares


FEATURES = (
    Feature("køn", {"kvinde": 0.51, "mand": 0.49}, {"kvinde": 1.35, "mand": 1.0}),
    Feature(
        "alder",
        {"16-29": 0.18, "30-44": 0.20, "45-59": 0.25, "60+": 0.37},
        {"16-29": 0.4, "30-44": 0.7, "45-59": 1.1, "60+": 1.4},
    ),
    Feature(
        "uddannelse",
        {"grundskole": 0.20, "ungdom eller erhverv": 0.42, "videregående": 0.38},
        {"grundskole": 0.35, "ungdom eller erhverv": 0.6, "videregående": 1.8},
    ),
    Feature("bolig", {"ejer": 0.68, "lejer": 0.32}, {"ejer": 1.3, "lejer": 0.7}),
)

_FIRST = (
    "Alma Anker Asta Aksel Birthe Bjarne Clara Carsten Dagny Ditlev Edith Emil Freja Frode Gerda Gorm Helle "
    "Holger Ida Ivar Jytte Jens Karla Knud Lærke Lauge Maren Mikkel Nanna Niels Olga Oskar Petra Palle Ragna "
    "Rune Signe Svend Tove Troels Ulla Uffe Vibe Viggo Yrsa Åge"
).split()
_LAST = (
    "Agerholm Bækgaard Dalsø Egelund Fjordby Grønbæk Havmand Isager Kærholt Lyngby Mosevang Nørvang "
    "Odderskær Pilegaard Ravnkilde Skovhuse Tangkær Udengaard Vesterhav Ørsted"
).split()
_STREETS = (
    "Møllestien Fyrbakken Havnegangen Kirsebærvænget Tangvej Lodsstræde Rørsangervej Strandengen".split()
)


@dataclass(frozen=True)
class DemoPool:
    """Rows: `respondents` of id, features, name, contact; `targets` of feature, value, min, max, reason."""

    respondents: list[dict[str, str]]
    targets: list[dict[str, str]]

    def respondents_csv(self) -> bytes:
        return _as_csv(self.respondents)

    def targets_csv(self) -> bytes:
        return _as_csv(self.targets)


def make_pool(
    seed: int,
    people: int,
    size: int,
    districts: Shares,
    *,
    slack: int = 1,
    overdraw: tuple[str, str] | None = ("bolig", "lejer"),
) -> DemoPool:
    """A pool of `people` volunteers and targets for a panel of `size`.

    `districts` are population shares. Each target is the value's proportional share of the panel, rounded
    down, and `slack` above. `overdraw` names one (feature, value) drawn two seats above its share.
    """
    rng = random.Random(seed)  # noqa: S311 - invented people, not a draw
    features = (*FEATURES, Feature("bydel", districts, dict.fromkeys(districts, 1.0)))
    respondents: list[dict[str, str]] = []
    while len(respondents) < people:
        address = f"{rng.choice(_STREETS)} {rng.randrange(1, 120)}"
        # Now and then two of one household volunteer.
        household = 2 if rng.random() < 0.08 else 1
        shared = {name: _pick(rng, features, name) for name in ("bolig", "bydel")}
        for _ in range(min(household, people - len(respondents))):
            number = len(respondents) + 1
            own = {f.name: shared.get(f.name) or _pick(rng, features, f.name) for f in features}
            respondents.append(
                {
                    "id": f"F{number:05d}",
                    **own,
                    "navn": f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",
                    "adresse": address,
                    "e-mail": f"f{number:05d}@example.org",
                    "telefon": f"+45 {rng.randrange(20, 99)} {rng.randrange(10, 99)} 00 {number % 100:02d}",
                }
            )
    rng.shuffle(respondents)
    targets = [row for f in features for row in _targets(f, size, slack, overdraw)]
    return DemoPool(respondents, targets)


def _pick(rng: random.Random, features: Sequence[Feature], name: str) -> str:
    feature = next(f for f in features if f.name == name)
    values = list(feature.population)
    return rng.choices(values, [feature.population[v] * feature.eagerness[v] for v in values])[0]


def _targets(
    feature: Feature, size: int, slack: int, overdraw: tuple[str, str] | None
) -> list[dict[str, str]]:
    rows = []
    for value, share in feature.population.items():
        extra = 2 if overdraw == (feature.name, value) else 0
        # The other values of an over-drawn feature give the seats up.
        room = 2 if overdraw and overdraw[0] == feature.name and not extra else 0
        low = int(share * size) + extra - room
        rows.append(
            {
                "feature": feature.name,
                "value": value,
                "min": str(max(low, 0)),
                "max": str(low + slack + room),
                "reason": OVERDRAW_REASON if extra else "",
            }
        )
    return rows


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()

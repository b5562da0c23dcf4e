"""Where a search starts: a random seating that keeps every hard rule, or one from algebra."""

from __future__ import annotations

from services.deliberation.grouping.clash import clash
from services.deliberation.grouping.designs import Design, repeat_free, shortened
from services.deliberation.grouping.errors import RuleKind
from services.deliberation.grouping.feasibility import Offer, place
from services.deliberation.grouping.model import Model
from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.state import Groups


def random_seating(model: Model, stream: Stream) -> Groups:
    """Every hard rule kept, the rest at random. Raises Infeasible for the first round that cannot be seated.

    Sizes differ by one at most; which groups are larger follows from the rules, then from the number.
    """
    seating: Groups = []
    for r, present in enumerate(model.present):
        offer = Offer(model.first_round + r, len(present), model.groups[r], model.resources)
        groups = place(model, offer, present, model.rules, stream)
        if groups is None:
            raise clash(model, offer, present)
        small, larger = divmod(len(present), offer.groups)
        # Those that had to be larger first, then by number.
        order = sorted(range(offer.groups), key=lambda g: (len(groups[g]) <= small, g))
        target = {g: small + (place_ < larger) for place_, g in enumerate(order)}
        placed = {person for group in groups for person in group}
        free = [person for person in present if person not in placed]
        stream.shuffle(free)
        for g, group in enumerate(groups):
            while len(group) < target[g]:
                group.append(free.pop())
        seating.append(groups)
    return seating


def repeat_free_design(model: Model) -> Design | None:
    """A design for these rounds, or None: people come to all rounds, same groups, nobody tied to anybody."""
    simple = (
        len(set(model.groups)) == 1
        and len(set(model.present)) == 1
        and not model.met
        and all(rule.kind is RuleKind.APART for rule in model.rules)
    )
    people = len(model.present[0])
    if not simple or people < 2 or model.groups[0] > people:
        return None
    design = repeat_free(model.groups[0], -(-people // model.groups[0]), len(model.present))
    return None if design is None else shortened(design, people)

"""Whether every event had its effect exactly once and in order, and whether no promise, sign-up or draw was
lost or doubled: said by both ends of every event, and by what those were told who asked for it.

Each finding is a sentence that names what is wrong; none is what a run must end with.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.faults.evidence import Evidence, Row, consumers
from tests.faults.ledger import Ledger


def findings(evidence: Evidence, ledgers: Iterable[Ledger] = ()) -> list[str]:
    """All that is wrong, at most."""
    return [
        *_told(evidence),
        *_heard(evidence),
        *_registry(evidence),
        *_panels(evidence),
        *_promises(evidence),
        *_front_page(evidence),
        *_places(evidence),
        *(found for ledger in ledgers for found in _acknowledged(evidence, ledger)),
    ]


def _told(evidence: Evidence) -> Iterator[str]:
    """The publisher's end: an aggregate's events are numbered 1, 2, 3 in the outbox's order, all sent."""
    for service, tables in evidence.rows.items():
        numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in tables["outbox"]:
            numbers[row["topic"], row["key"]].append(_sequence(row))
            if row["published"] is None:
                yield f"{service}: event {row['id']} of {row['key']} was never sent"
        last = {(row["topic"], row["key"]): row["last"] for row in tables["outbox_sequences"]}
        for place in numbers.keys() | last.keys():
            found = numbers.get(place, [])
            if found != list(range(1, last.get(place, 0) + 1)):
                yield f"{service}: the outbox numbers {place[1]} {found}, counted {last.get(place, 0)}"


def _heard(evidence: Evidence) -> Iterator[str]:
    """The consumer's end: each event of the topic has one effect, in the order in which it was told."""
    for service, consumer, topic in consumers():
        publisher = topic.split(".")[1]
        told = [row for row in evidence.of(publisher, "outbox") if row["topic"] == topic]
        ids = {row["id"]: row for row in told}
        mine = [row for row in evidence.of(service, "fault_effects") if row["consumer"] == consumer]
        done = Counter(row["event_id"] for row in mine)
        for event_id, row in ids.items():
            if done[event_id] != 1:
                yield f"{consumer}: event {_sequence(row)} of {row['key']} had {done[event_id]} effects"
        for event_id in done.keys() - ids.keys():
            yield f"{consumer}: the effect of {event_id}, which nobody told"
        noted = {row["event_id"] for row in evidence.of(service, "inbox") if row["consumer"] == consumer}
        for event_id in ids.keys() ^ noted:
            yield f"{consumer}: event {event_id} stands in the inbox or the outbox, not in both"
        order: dict[str, list[int]] = defaultdict(list)
        for row in mine:
            order[row["key"]].append(row["sequence"])
        for key, found in order.items():
            if found != sorted(found):
                yield f"{consumer}: the effects of {key} came in the order {found}"
        reached = {
            row["key"]: row["sequence"]
            for row in evidence.of(service, "inbox_positions")
            if row["consumer"] == consumer and row["topic"] == topic
        }
        last = {
            row["key"]: row["last"]
            for row in evidence.of(publisher, "outbox_sequences")
            if row["topic"] == topic
        }
        for key in reached.keys() | last.keys():
            if reached.get(key, 0) != last.get(key, 0):
                yield f"{consumer}: {key} has reached {reached.get(key, 0)} of {last.get(key, 0)}"
        for row in evidence.of(service, "inbox_held"):
            if row["consumer"] == consumer:
                yield f"{consumer}: event {row['sequence']} of {row['key']} is held"
        for row in evidence.of(service, "dead_letters"):
            if row["consumer"] == consumer:
                yield f"{consumer}: event {row['sequence']} of {row['key']} was parked: {row['error']}"


def _registry(evidence: Evidence) -> Iterator[str]:
    """Every service's copy is the registry."""
    registry = {
        row["municipality"]: row["display_name"] for row in evidence.of("deliberation", "municipalities")
    }
    for service in ("followup", "sortition", "volunteer"):
        copy = {row["municipality_id"]: row["display_name"] for row in evidence.of(service, "municipalities")}
        for slug in registry.keys() | copy.keys():
            if registry.get(slug) != copy.get(slug):
                yield f"{service}: {slug} is called {copy.get(slug)!r}, not {registry.get(slug)!r}"


def _panels(evidence: Evidence) -> Iterator[str]:
    """A confirmed selection has told so once, and its seats are its assembly's members."""
    told = _count(evidence, "sortition", "PanelConfirmed")
    for selection in evidence.of("sortition", "selections"):
        name = selection["selection_id"]
        expected = int(selection["confirm_time"] is not None)
        if told[f"{selection['municipality_id']}/selections/{name}"] != expected:
            yield f"sortition: selection {name} told {told} times that its panel stands"
    seats = _groups(evidence.of("sortition", "seats"), "selection_id", "seat_id")
    members = _groups(evidence.of("deliberation", "members"), "assembly_id", "seat_id")
    confirmed = {
        row["selection_id"]
        for row in evidence.of("sortition", "selections")
        if row["confirm_time"] is not None
    }
    drawn = Counter(
        row["selection_id"] for row in evidence.of("sortition", "draws") if row["publish_time"] is not None
    )
    for assembly in evidence.of("deliberation", "assemblies"):
        selection = assembly["selection_id"]
        if selection not in confirmed:
            continue
        if drawn[selection] != 1:
            yield f"sortition: selection {selection} has {drawn[selection]} published draws"
        if sorted(seats[selection]) != sorted(members[assembly["assembly_id"]]):
            yield f"deliberation: the members of {assembly['assembly_id']} are not the seats of {selection}"


def _promises(evidence: Evidence) -> Iterator[str]:
    """Each initiative of a report that was handed over is one promise; what happened to it was told once."""
    handed_over = {
        row["assembly_id"]
        for row in evidence.of("deliberation", "reports")
        if row["handover_time"] is not None
    }
    told = _count(evidence, "deliberation", "ReportHandedOver")
    for assembly in handed_over:
        count = sum(found for key, found in told.items() if key.endswith(f"/assemblies/{assembly}"))
        if count != 1:
            yield f"deliberation: the handover of {assembly} was told {count} times"
    initiatives = _groups(evidence.of("deliberation", "initiatives"), "assembly_id", "initiative_id")
    promised: dict[object, list[str]] = defaultdict(list)
    for row in evidence.of("followup", "promises"):
        promised[row["assembly_id"]].append(row["subject"].rpartition("/")[2])
    for assembly in handed_over | promised.keys():
        expected = sorted(map(str, initiatives[assembly])) if assembly in handed_over else []
        if sorted(promised[assembly]) != expected:
            yield f"followup: {len(promised[assembly])} promises of {assembly}, not {len(expected)}"
    events = {
        "PromiseMade": Counter(row["promise_id"] for row in evidence.of("followup", "promises")),
        "PromiseAnswered": Counter(row["promise_id"] for row in evidence.of("followup", "answers")),
        "PromiseExtended": Counter(row["promise_id"] for row in evidence.of("followup", "extensions")),
    }
    for kind, expected_of in events.items():
        counted = _count(evidence, "followup", kind)
        for row in evidence.of("followup", "promises"):
            key = f"{row['municipality_id']}/promises/{row['promise_id']}"
            if counted[key] != expected_of[row["promise_id"]]:
                words = f"told {counted[key]} times for {expected_of[row['promise_id']]} of them"
                yield f"followup: {kind} of {row['promise_id']} was {words}"
    overdue = _count(evidence, "followup", "PromiseOverdue")
    for promise, checkpoints in _by(evidence.of("followup", "checkpoints"), "promise_id").items():
        told_dates = sum(row["told_due"] is not None for row in checkpoints)
        key = f"{checkpoints[0]['municipality_id']}/promises/{promise}"
        if overdue[key] < told_dates:
            yield f"followup: {told_dates} dates of {promise} passed, told {overdue[key]}"


def _front_page(evidence: Evidence) -> Iterator[str]:
    """Deliberation's and volunteer's copies say what their owners say."""
    copies = {row["promise_id"]: row for row in evidence.of("deliberation", "promises")}
    sought = {row["promise"]: row["wanted"] for row in evidence.of("volunteer", "sought_promises")}
    answered = _by(
        [row for row in evidence.of("followup", "checkpoints") if row["answered_on"] is not None],
        "promise_id",
    )
    due = _by(evidence.of("followup", "checkpoints"), "promise_id")
    for promise in evidence.of("followup", "promises"):
        name = promise["promise_id"]
        copy = copies.pop(name, None)
        if copy is None:
            yield f"deliberation: promise {name} is not on the front page"
            continue
        if sorted(copy["answered"]) != sorted(str(row["checkpoint_id"]) for row in answered.get(name, ())):
            yield f"deliberation: the front page has other answers of {name}"
        if sorted(copy["due_dates"]) != sorted(row["effective_due"].isoformat() for row in due[name]):
            yield f"deliberation: the front page has other dates of {name}"
        if copy["wanted"] != promise["volunteers_wanted"]:
            yield f"deliberation: {name} seeks {copy['wanted']}, not {promise['volunteers_wanted']}"
        resource = f"municipalities/{promise['municipality_id']}/promises/{name}"
        if sought.get(resource, 0) != promise["volunteers_wanted"]:
            yield f"volunteer: {name} seeks {sought.get(resource, 0)}, not {promise['volunteers_wanted']}"
    for name in copies:
        yield f"deliberation: promise {name} is on the front page and nowhere else"
    free = {
        task: sum(row["capacity"] - row["confirmed"] for row in rows if not row["cancelled"])
        for task, rows in _by(evidence.of("volunteer", "slots"), "task_id").items()
    }
    shown = {row["task_id"]: row for row in evidence.of("deliberation", "tasks")}
    for task in evidence.of("volunteer", "tasks"):
        copy = shown.get(task["task_id"])
        if task["state"] != "OPEN":
            continue
        if copy is None or copy["free"] != free.get(task["task_id"], 0):
            found = None if copy is None else copy["free"]
            words = f"{found} free places, not {free.get(task['task_id'], 0)}"
            yield f"deliberation: task {task['task_id']} shows {words}"


def _places(evidence: Evidence) -> Iterator[str]:
    """No slot has more people than places or than it counts, and nobody waits beside a free place."""
    by_slot = _by(evidence.of("volunteer", "sign_ups"), "slot_id")
    for slot in evidence.of("volunteer", "slots"):
        mine = by_slot.get(slot["slot_id"], [])
        confirmed = [row for row in mine if row["state"] == "CONFIRMED"]
        waiting = [row for row in mine if row["state"] == "WAITLISTED"]
        if (len(confirmed), len(waiting)) != (slot["confirmed"], slot["waiting"]):
            words = (
                f"counts {slot['confirmed']} and {slot['waiting']}, has {len(confirmed)} and {len(waiting)}"
            )
            yield f"volunteer: slot {slot['slot_id']} {words}"
        if len(confirmed) > slot["capacity"]:
            yield f"volunteer: slot {slot['slot_id']} has {len(confirmed)} on {slot['capacity']} places"
        if waiting and len(confirmed) < slot["capacity"]:
            yield f"volunteer: somebody waits for slot {slot['slot_id']} beside a free place"
        live = Counter(row["person_id"] for row in confirmed + waiting)
        for person, count in live.items():
            if count > 1:
                yield f"volunteer: {person} has {count} places in slot {slot['slot_id']}"


def _acknowledged(evidence: Evidence, ledger: Ledger) -> Iterator[str]:
    """What those were told who asked for it: there, once, and nothing beside it."""
    slug = ledger.municipality
    [registered] = [
        row["display_name"]
        for row in evidence.of("deliberation", "municipalities")
        if row["municipality"] == slug
    ] or [""]
    if registered != ledger.display_name:
        yield f"deliberation: {slug} is called {registered!r}, acknowledged was {ledger.display_name!r}"
    for service, table, column, acknowledged in (
        ("sortition", "selections", "selection_id", ledger.selections),
        ("sortition", "draws", "draw_id", ledger.draws),
        ("deliberation", "assemblies", "assembly_id", ledger.assemblies),
        ("deliberation", "initiatives", "initiative_id", ledger.initiatives),
        ("followup", "answers", "answer_id", ledger.answers),
        ("followup", "extensions", "extension_id", ledger.extensions),
        ("volunteer", "tasks", "task_id", ledger.tasks),
        ("volunteer", "sign_ups", "sign_up_id", list(ledger.sign_ups)),
    ):
        there = {str(row[column]) for row in evidence.of(service, table) if row["municipality_id"] == slug}
        for name in set(acknowledged) - there:
            yield f"{service}: {name} of {table} was acknowledged and is not there"
        for name in there - set(acknowledged):
            yield f"{service}: {name} of {table} is there and was asked for by nobody, or twice"
    wanted = {str(row["promise_id"]): row["volunteers_wanted"] for row in evidence.of("followup", "promises")}
    for promise, count in ledger.wanted.items():
        if wanted.get(promise) != count:
            yield f"followup: {promise} seeks {wanted.get(promise)}, acknowledged were {count}"
    for row in evidence.of("volunteer", "sign_ups"):
        cancelled = ledger.sign_ups.get(str(row["sign_up_id"]))
        if cancelled is not None and cancelled != (row["state"] == "CANCELLED"):
            yield f"volunteer: sign-up {row['sign_up_id']} is {row['state']}, acknowledged was otherwise"


def _sequence(row: Row) -> int:
    return int(row["sequence"])


def _count(evidence: Evidence, service: str, kind: str) -> Counter[str]:
    """How often each aggregate told an event of that kind."""
    return Counter(
        row["key"] for row in evidence.of(service, "outbox") if row["type"].rpartition(".")[2] == kind
    )


def _by(rows: Iterable[Row], column: str) -> dict[object, list[Row]]:
    found: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _groups(rows: Iterable[Row], by: str, what: str) -> dict[object, list[object]]:
    found: dict[object, list[object]] = defaultdict(list)
    for row in rows:
        found[row[by]].append(row[what])
    return found

"""The operator's commands on events: what waits, what is stuck, and the ways on. They work beside a running
suite, each in one short unit of work on a service's store.
"""

from __future__ import annotations

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from chassis.operations import events, outbox
    from chassis.operations.doctor import doctor

    return {"doctor": doctor, "events": events.app, "outbox": outbox.app}


COMMANDS = ExtraCommands(
    help={
        "doctor": "Say whether stores and events fit one another, after a restore above all, and mend.",
        "events": "Tell an aggregate's state again to those who listen.",
        "outbox": "See events that wait or failed; replay or skip what is parked.",
    },
    load=_load,
)

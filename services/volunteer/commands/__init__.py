"""The command groups of the volunteer portal's engines. Light to import: what works is imported when used."""

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from services.volunteer.commands.match import app as match
    from services.volunteer.commands.slots import app as slots

    return {"match": match, "slots": slots}


COMMANDS = ExtraCommands(
    help={
        "match": "Rank tasks, match two sides, and plan who covers which slot.",
        "slots": "Expand recurring tasks into slots, and check people's shifts.",
    },
    load=_load,
)

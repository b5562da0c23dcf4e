"""The command groups of the volunteer portal's engines. Light to import: what works is imported when used."""

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from services.volunteer.commands.slots import app

    return {"slots": app}


COMMANDS = ExtraCommands(
    help={"slots": "Expand recurring tasks into slots, and check people's shifts."}, load=_load
)

"""The command groups of follow-up's engines. Light to import: what counts is imported when it is used."""

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from services.followup.commands.deadlines import app

    return {"deadlines": app}


COMMANDS = ExtraCommands(
    help={"deadlines": "Say by when a council answers, and how each date came about."}, load=_load
)

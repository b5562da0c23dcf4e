"""A demonstration: three invented municipalities, loaded through the public APIs of a running suite."""

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from demo.command import demo

    return {"demo": demo}


COMMANDS = ExtraCommands(help={"demo": "See everything at once, with invented municipalities."}, load=_load)

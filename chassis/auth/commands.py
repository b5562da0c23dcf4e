"""The commands `keys` and `tls`: what the processes of one suite share, made once."""

from __future__ import annotations

from chassis.app import Commands, ExtraCommands


def _load() -> Commands:
    from chassis.auth.command_line import keys, tls

    return {"keys": keys, "tls": tls}


COMMANDS = ExtraCommands(
    help={
        "keys": "Make, rotate and withdraw the keys of sessions and sign-in links.",
        "tls": "Make and renew certificates with which the services know one another.",
    },
    load=_load,
)

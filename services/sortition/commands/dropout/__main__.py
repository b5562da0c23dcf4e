"""`python -m services.sortition.commands.dropout`: the group alone, as `borgerting dropout`."""

from services.sortition.commands.dropout.app import app

app(prog_name="borgerting dropout")

"""`python -m services.sortition.commands`: the group alone, as `borgerting lottery` has it."""

from services.sortition.commands.app import app

app(prog_name="borgerting lottery")

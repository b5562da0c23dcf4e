"""`python -m services.sortition.commands.representation`: the group alone, as `borgerting representation`."""

from services.sortition.commands.representation.app import app

app(prog_name="borgerting representation")

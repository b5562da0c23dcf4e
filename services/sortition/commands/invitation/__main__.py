"""`python -m services.sortition.commands.invitation`: the group alone, as `borgerting invitation`."""

from services.sortition.commands.invitation.app import app

app(prog_name="borgerting invitation")

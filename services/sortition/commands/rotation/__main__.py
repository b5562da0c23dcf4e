"""`python -m services.sortition.commands.rotation`: the group alone, as `borgerting rotation`."""

from services.sortition.commands.rotation.app import app

app(prog_name="borgerting rotation")

"""`python -m toyservice`: `borgerting serve` with the toy for its only service."""

from chassis.config import load_settings
from chassis.serve import serve_until_signal
from toyservice.service import DESCRIPTOR

serve_until_signal(load_settings(["toy"]), {"toy": DESCRIPTOR})

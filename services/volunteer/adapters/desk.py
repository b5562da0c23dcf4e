"""What the desks of the volunteer portal do alike."""

from __future__ import annotations

from collections.abc import Callable

from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.desk import A, Desk
from services.volunteer.app.ports import UnitOfWork


class VolunteerDesk(Desk[UnitOfWork]):
    locale_package = "services.volunteer"

    def look(self, caller: Caller, municipality: str, answer: Callable[[UnitOfWork], A]) -> A:
        """A look at people's records: a coordinator's is audited, so it writes."""
        if caller.principal.has(municipality, Role.COORDINATOR):
            return self._entry.write(caller, municipality, answer, while_suspended=True)
        return self._entry.read(caller, municipality, answer)

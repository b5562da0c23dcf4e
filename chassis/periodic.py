"""Something small that is done again and again: a look whether there is work, which is then a job's."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chassis.log import get_logger, trace

_log = get_logger("chassis.periodic")


class Periodic:
    """Calls `act` when it starts and every so many seconds after. What `act` raises is logged, and the next
    time comes all the same.

        looks = Periodic("followup-sweep", sweep.look, every_seconds=60)
        Service(…, on_start=[looks.start], on_stop=[looks.stop])
    """

    STOP_SECONDS = 5.0

    def __init__(self, name: str, act: Callable[[], object], *, every_seconds: float) -> None:
        self._name = name
        self._act = act
        self._every = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(self.STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._act()
            except Exception as error:  # the store may be away: another time
                _log.error("periodic work failed", name=self._name, trace=trace(error))
            self._stopping.wait(self._every)

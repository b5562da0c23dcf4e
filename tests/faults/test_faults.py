"""What carries events, what keeps them and who is asked: stopped, cut off, slow, told again, under a stream
of commands.

`python -m tests.faults lines` makes the others too, which take longer to be noticed.
"""

from __future__ import annotations

import pytest

from tests.faults.faults import SHORT, make
from tests.faults.lines import LinedHouse
from tests.faults.stream import Stream


@pytest.mark.parametrize("what", SHORT)
def test_nothing_is_lost_doubled_or_out_of_order(what: str, house: LinedHouse, stream: Stream) -> None:
    assert make(SHORT[what], house, stream) == []

"""All tests that need a cluster, in one file: files are shared among processes, a cluster is not."""

from __future__ import annotations

from pytest_bdd import scenarios

from tests.cluster.admitted import *  # noqa: F403 - tests are found by name
from tests.cluster.autoscaler import *  # noqa: F403
from tests.cluster.installed import *  # noqa: F403
from tests.cluster.network import *  # noqa: F403
from tests.cluster.passwords import *  # noqa: F403
from tests.cluster.story import *  # noqa: F403
from tests.cluster.troubles import *  # noqa: F403
from tests.cluster.updated import *  # noqa: F403
from tests.cluster.withdrawn import *  # noqa: F403 - the last: it takes the release away
from tests.e2e.assembly.steps import *  # noqa: F403 - a feature finds its steps by name

scenarios("../e2e/assembly/assembly.feature")

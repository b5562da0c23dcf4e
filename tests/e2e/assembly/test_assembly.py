"""The story of assembly.feature, in each way of running the suite."""

from __future__ import annotations

from pytest_bdd import scenarios

from tests.e2e.assembly.steps import *  # noqa: F403 - a feature finds its steps by name

scenarios("assembly.feature")

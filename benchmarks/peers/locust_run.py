"""Readers for benchmarks.load, run by locust: each asks for one address a second, drawn by weight.

LOAD_HOST is what they ask the site for, LOAD_PATHS a JSON list of [weight, path].
"""

import json
import os
import random

import gevent  # type: ignore[import-untyped]  # an environment apart
from locust import FastHttpUser, constant_throughput, task  # type: ignore[import-not-found]

PATHS = json.loads(os.environ["LOAD_PATHS"])
HEADERS = {"Host": os.environ["LOAD_HOST"], "Accept-Language": "da"}


class Reader(FastHttpUser):  # type: ignore[misc]
    wait_time = constant_throughput(1)
    connection_timeout = 30.0
    network_timeout = 30.0

    def on_start(self) -> None:
        # They all begin at once, and would ask in step.
        gevent.sleep(random.random())

    @task  # type: ignore[untyped-decorator]
    def read(self) -> None:
        [(_, path)] = random.choices(PATHS, weights=[weight for weight, _ in PATHS])
        self.client.get(path, headers=HEADERS, name="all", allow_redirects=False)

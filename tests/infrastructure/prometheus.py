"""A real Prometheus that scrapes what it is told to, every second (Debian `prometheus`)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.infrastructure.places import free_ports, program

Samples = dict[tuple[tuple[str, str], ...], float]
"""Labels (sorted, without those of the scrape itself) -> value."""

_CONFIGURATION = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [{rules}]
scrape_configs:
  - job_name: borgerting
    static_configs:
      - targets: [{targets}]
"""


class Prometheus:
    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx.Client(base_url=address, trust_env=False, timeout=10)

    def query(self, promql: str) -> Samples:
        """What an instant query answers now. Raises AssertionError with Prometheus's own words."""
        answer = self._http.get("/api/v1/query", params={"query": promql}).json()
        assert answer["status"] == "success", f"{promql}: {answer.get('error')}"
        return {
            tuple(
                sorted(
                    (name, value)
                    for name, value in one["metric"].items()
                    if name not in ("__name__", "job", "instance")
                )
            ): float(one["value"][1])
            for one in answer["data"]["result"]
        }

    def until(self, promql: str, holds: Callable[[Samples], bool], seconds: float = 120.0) -> Samples:
        """The first answer for which `holds`. Raises AssertionError with the last one."""
        end = time.monotonic() + seconds
        while not holds(answer := self.query(promql)):
            assert time.monotonic() < end, f"{promql}: {answer}"
            time.sleep(0.3)
        return answer

    def rules(self) -> list[dict[str, Any]]:
        """Every rule as it was last evaluated: `health` is ok, err or unknown, `lastError` says why."""
        answer = self._http.get("/api/v1/rules").json()
        return [rule for group in answer["data"]["groups"] for rule in group["rules"]]

    def exemplars(self, promql: str) -> list[dict[str, Any]]:
        """The exemplars of the last hour, by series. Prometheus must be started with the feature on."""
        now = time.time()
        answer = self._http.get(
            "/api/v1/query_exemplars", params={"query": promql, "start": now - 3600, "end": now + 60}
        ).json()
        assert answer["status"] == "success", answer
        return list(answer["data"])

    def names(self, prefix: str) -> set[str]:
        """Every metric that it has seen so far."""
        answer = self._http.get("/api/v1/label/__name__/values").json()
        return {name for name in answer["data"] if name.startswith(prefix)}

    def close(self) -> None:
        self._http.close()


@contextmanager
def running_prometheus(
    folder: Path, targets: Sequence[str], *options: str, rules: Sequence[Path] = ()
) -> Iterator[Prometheus]:
    """One that scrapes `targets` (host:port) and evaluates the alerts in the files `rules`. Raises
    RuntimeError with its log when it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        _CONFIGURATION.format(
            targets=", ".join(f'"{target}"' for target in targets),
            rules=", ".join(f'"{path}"' for path in rules),
        ),
        encoding="utf-8",
    )
    log = folder / "prometheus.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                program("prometheus", "prometheus"),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    prometheus = Prometheus(f"http://127.0.0.1:{port}")
    try:
        _wait(prometheus, process, log)
        yield prometheus
    finally:
        prometheus.close()
        process.terminate()
        process.wait(20)


def _wait(prometheus: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{prometheus.address}/-/ready", trust_env=False, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"Prometheus did not start:\n{log.read_text(errors='replace')[-3000:]}")

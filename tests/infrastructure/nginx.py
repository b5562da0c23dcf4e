"""The ingress of deploy/docker for tests: Debian's nginx with the very routes of the composition."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.infrastructure.places import free_port
from tests.infrastructure.postgres import MissingPackage

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy/docker/nginx/default.conf.template"

_MAIN = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""


def routes(variables: Mapping[str, str]) -> str:
    """The template filled in as the image does it: `${NAME}` only, nginx's own `$name` stays."""
    return re.sub(r"\$\{([A-Z_]+)\}", lambda match: variables[match[1]], TEMPLATE.read_text(encoding="utf-8"))


def find() -> str:
    """The program. Raises MissingPackage."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        raise MissingPackage("nginx is missing: install Debian's nginx-light")
    return program


@contextmanager
def running_ingress(services: Mapping[str, str], port: int = 0) -> Iterator[str]:
    """The site's address. `services` has host:port of each service's pages; they need not answer yet."""
    program = find()
    folder = Path(tempfile.mkdtemp(prefix="bt-nginx-"))
    listen = port or free_port()
    variables = {f"{name.upper()}_HTTP": address for name, address in services.items()}
    (folder / "site.conf").write_text(routes({**variables, "LISTEN": f"127.0.0.1:{listen}"}))
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    process = subprocess.Popen(
        [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{listen}"
    try:
        _await(address, process, folder)
        yield address
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _await(address: str, process: subprocess.Popen[bytes], folder: Path, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return  # it answers, even if nobody behind it does
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.03)
    raise AssertionError(f"nginx did not start:\n{(folder / 'error.log').read_text()[-2000:]}")

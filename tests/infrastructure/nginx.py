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
    listen = port or free_port()
    variables = {f"{name.upper()}_HTTP": address for name, address in services.items()}
    address = f"http://127.0.0.1:{listen}"
    with _running(routes({**variables, "LISTEN": f"127.0.0.1:{listen}"}), address):
        yield address


@contextmanager
def ending_tls(ways: Mapping[int, str], certificate: Path, key: Path) -> Iterator[None]:
    """What is asked over TLS at a port of ours is handed on in the clear, to the host:port of that."""
    servers = [
        f"""server {{
          listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
          location / {{
            proxy_pass http://{behind}; proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Host $http_host;
          }}
        }}"""
        for port, behind in ways.items()
    ]
    unencrypted = free_port()
    servers.append(f"server {{ listen 127.0.0.1:{unencrypted}; return 204; }}")
    with _running("\n".join(servers), f"http://127.0.0.1:{unencrypted}"):
        yield


@contextmanager
def _running(configuration: str, address: str) -> Iterator[None]:
    """`address` is one at which it then answers."""
    program = find()
    folder = Path(tempfile.mkdtemp(prefix="bt-nginx-"))
    (folder / "site.conf").write_text(configuration)
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    process = subprocess.Popen(
        [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(address, process, folder)
        yield
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

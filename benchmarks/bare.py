"""What the frameworks alone can do: the other side of benchmarks.calls, each a process of its own.

    python -m benchmarks.bare echo BYTES     a gRPC server that answers every call with so many bytes
    python -m benchmarks.bare page URL_PATH  FastAPI with one route: the template of that page of the suite
                                             (data in BORGERTING_DATA_DIR), rendered on constant data

Prints `serving ADDRESS`, then serves until it is ended.
"""

from __future__ import annotations

import socket
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

WORKERS = 3
"""Threads, as chassis.rpc.server has them for quick calls."""


def echo(size: int) -> None:
    import grpc

    answer = bytes(size)

    class Anything(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs alone
        def service(self, handler_call_details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: answer)

    server = grpc.server(ThreadPoolExecutor(WORKERS), handlers=[Anything()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"serving 127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


def page(path: str) -> None:
    import jinja2
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    from chassis.app import descriptors
    from chassis.config import load_settings
    from chassis.suite import Suite

    seen: list[tuple[jinja2.Template, dict[str, Any]]] = []
    original = jinja2.Template.render

    def noting(self: jinja2.Template, *args: Any, **kwargs: Any) -> str:
        seen.append((self, dict(*args, **kwargs)))
        return original(self, *args, **kwargs)

    found = descriptors()
    suite = Suite(load_settings(found, http_port=0, grpc_port=0, ops_port=0), found)
    addresses = suite.start()
    jinja2.Template.render = noting  # type: ignore[method-assign]  # for one request, to take what it is given
    urllib.request.urlopen(addresses.http + path, timeout=30).close()  # noqa: S310 - our own address
    jinja2.Template.render = original  # type: ignore[method-assign]
    suite.stop()
    template, values = seen[-1]

    app = FastAPI(openapi_url=None)

    @app.get("/page")
    def bare() -> HTMLResponse:
        return HTMLResponse(template.render(values))

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    print(f"serving http://127.0.0.1:{listener.getsockname()[1]}/page", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]))
    else:
        page(sys.argv[2])

"""gRPC from desks: each method of a service's descriptor is the desk's method of the same name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import grpc

from chassis.rpc.context import caller
from chassis.rpc.server import GrpcServiceRegistration

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def snake(method: str) -> str:
    """`CreateDraw` is `create_draw`."""
    return _WORD.sub("_", method).lower()


class _Servicer:
    """A servicer whose methods are the desk's. Raises AttributeError when the desk lacks one."""

    def __init__(self, service: Any, desk: Any) -> None:
        for method in service.methods:
            setattr(self, method.name, _handler(getattr(desk, snake(method.name))))


def _handler(answer: Callable[[Any, Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        return answer(caller(context), request)

    return handle


def registration(
    service: Any,
    add_to_server: Callable[[Any, grpc.Server], None],
    desk: Any,
    neighbours: frozenset[str] = frozenset(),
) -> GrpcServiceRegistration:
    """A gRPC service answered by a desk.

    `service` is its descriptor, `add_to_server` the generated function that adds its servicer; `neighbours`
    as in GrpcServiceRegistration.
    """
    return GrpcServiceRegistration(add_to_server, _Servicer(service, desk), service.full_name, neighbours)

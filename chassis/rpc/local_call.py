"""How a local call ended: the objects that clients and client interceptors expect of grpc."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import grpc

if TYPE_CHECKING:
    _Future = grpc.Future[Any]
else:
    _Future = grpc.Future


class _Ended(grpc.Call, _Future):
    """A call that is over, which is all that a client ever sees of a local one."""

    _code: grpc.StatusCode
    _details: str
    _initial: grpc.Metadata
    _trailing: grpc.Metadata

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def initial_metadata(self) -> grpc.Metadata:
        return self._initial

    def trailing_metadata(self) -> grpc.Metadata:
        return self._trailing

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float:
        return 0.0

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return self._code is grpc.StatusCode.CANCELLED

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)


class LocalCall(_Ended):
    """A call that was answered."""

    def __init__(self, response: Any, initial: grpc.Metadata, trailing: grpc.Metadata) -> None:
        self._response = response
        self._code, self._details = grpc.StatusCode.OK, ""
        self._initial, self._trailing = initial, trailing

    def result(self, timeout: float | None = None) -> Any:
        return self._response

    def exception(self, timeout: float | None = None) -> None:
        return None

    def traceback(self, timeout: float | None = None) -> None:
        return None


class LocalRpcError(_Ended, grpc.RpcError):  # type: ignore[misc]  # the stubs disagree on metadata
    """A call that was refused or failed."""

    def __init__(
        self, code: grpc.StatusCode, details: str, initial: grpc.Metadata, trailing: grpc.Metadata
    ) -> None:
        super().__init__()
        self._code, self._details = code, details
        self._initial, self._trailing = initial, trailing

    def __str__(self) -> str:
        return f"{self._code.name}: {self._details}"

    def result(self, timeout: float | None = None) -> NoReturn:
        raise self

    def exception(self, timeout: float | None = None) -> LocalRpcError:
        return self

    def traceback(self, timeout: float | None = None) -> Any:
        return self.__traceback__

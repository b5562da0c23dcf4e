"""Where a program begins: one suite at one address, with a stub per gRPC service."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import grpc

from borgerting.deliberation.v1.assembly_service_pb2_grpc import AssemblyServiceStub
from borgerting.deliberation.v1.municipality_service_pb2_grpc import MunicipalityServiceStub
from borgerting.deliberation.v1.report_service_pb2_grpc import ReportServiceStub
from borgerting.deliberation.v1.sign_in_link_service_pb2_grpc import SignInLinkServiceStub
from borgerting.followup.v1.promise_service_pb2_grpc import PromiseServiceStub
from borgerting.sortition.v1.draw_service_pb2_grpc import DrawServiceStub
from borgerting.sortition.v1.selection_service_pb2_grpc import SelectionServiceStub
from borgerting.volunteer.v1.person_service_pb2_grpc import PersonServiceStub
from borgerting.volunteer.v1.sign_up_service_pb2_grpc import SignUpServiceStub
from borgerting.volunteer.v1.task_service_pb2_grpc import TaskServiceStub
from borgerting_client.calls import EveryCall

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of one message, both ways, as the suite has it."""

_RETRIES = {
    "maxAttempts": 5,  # the most that gRPC takes
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_SERVICE_CONFIG = {
    "methodConfig": [{"name": [{}], "retryPolicy": _RETRIES}],
    "loadBalancingConfig": [{"round_robin": {}}],
}


class Borgerting:
    """A suite at `address` (`host`, `host:port`, or any gRPC target); the attributes are its services.

        with Borgerting("grpc.borgerting.example.dk", token="…") as suite:
            suite.selections.GetSelection(GetSelectionRequest(name="municipalities/havnsted/selections/…"))

    `token` is a bearer token, or a function that gives one and is asked at every call (`ClientCredentials`);
    None calls as anybody. `tls`: True checks the server against the usual authorities, credentials
    (`grpc.ssl_channel_credentials(ca)`) against your own, False is for a trial on your own machine: it
    shows the token to the network. `language` is that of the words in refusals. `timeout` is the seconds
    that a call may take, all its retries included, unless the call says otherwise (`timeout=120`).

    A call whose answer is UNAVAILABLE is tried again, five times in all, over some three seconds: by gRPC,
    and only while no answer has begun. A change gets a fresh request_id where the request has none, and
    keeps it over retries, so that it is done once. One that is asked to wait (RESOURCE_EXHAUSTED with
    RetryInfo) waits so long and tries again, while its time allows. A call that fails raises
    BorgertingError; `.future()` alone raises grpc.RpcError, for `BorgertingError.of`.

    One is enough for a program: it can be used by all threads. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | Callable[[], str] | None = None,
        tls: bool | grpc.ChannelCredentials = True,
        language: Literal["da", "en"] = "da",
        timeout: float = 10.0,
    ) -> None:
        self._channel = _connect(address, tls)
        channel = grpc.intercept_channel(self._channel, EveryCall(token, language, timeout))
        self.municipalities = MunicipalityServiceStub(channel)
        self.sign_in_links = SignInLinkServiceStub(channel)
        self.assemblies = AssemblyServiceStub(channel)
        self.reports = ReportServiceStub(channel)
        self.selections = SelectionServiceStub(channel)
        self.draws = DrawServiceStub(channel)
        self.promises = PromiseServiceStub(channel)
        self.tasks = TaskServiceStub(channel)
        self.sign_ups = SignUpServiceStub(channel)
        self.people = PersonServiceStub(channel)

    def close(self) -> None:
        """End the connection, and with it the calls that are under way."""
        self._channel.close()

    def __enter__(self) -> Borgerting:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect(address: str, tls: bool | grpc.ChannelCredentials) -> grpc.Channel:
    options = [
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.max_receive_message_length", MESSAGE_LIMIT),
        ("grpc.max_send_message_length", MESSAGE_LIMIT),
        # A connection that a firewall forgot is found dead in half a minute; the suite allows this often.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.primary_user_agent", f"borgerting-client/{_version()}"),
    ]
    if tls is False:
        return grpc.insecure_channel(address, options=options)
    credentials = grpc.ssl_channel_credentials() if tls is True else tls
    return grpc.secure_channel(address, credentials, options=options)


def _version() -> str:
    try:
        return version("borgerting-client")
    except PackageNotFoundError:  # from a checkout, by its path
        return "0"

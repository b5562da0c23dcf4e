"""What a neighbouring service in the same process is to deliberation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_grpc
from chassis.app import BuildContext, Descriptor, Service
from chassis.config import load_settings
from chassis.rpc.status import domain_error_from
from chassis.suite import Suite
from services.deliberation.service import DESCRIPTOR


def test_its_channel_carries_its_name_and_no_more_rights_than_a_use_case_gives(tmp_path: Path) -> None:
    handed: list[Callable[[str], grpc.Channel]] = []

    def build(context: BuildContext) -> Service:
        handed.append(context.channel)
        return Service(name=context.service)

    migrations = "tests.component.chassis.toyservice.migrations"
    others = {name: Descriptor(name, build, migrations) for name in ("followup", "volunteer")}
    settings = load_settings(["deliberation"], {}, data_dir=tmp_path, http_port=0, grpc_port=0, ops_port=0)
    suite = Suite(settings, {"deliberation": DESCRIPTOR, **others})
    suite.start()
    try:
        registry = pb_grpc.MunicipalityServiceStub(handed[0]("deliberation"))
        assert list(registry.ListMunicipalities(pb.ListMunicipalitiesRequest()).municipalities) == []
        with pytest.raises(grpc.RpcError) as caught:
            registry.CreateMunicipality(pb.CreateMunicipalityRequest(municipality_id="dragoer"))
        refused = domain_error_from(caught.value)
        # Not SIGN_IN_REQUIRED: it is known who asks, and that it may not.
        assert (refused.code.name, refused.reason) == ("PERMISSION_DENIED", "ROLE_REQUIRED")
        # Not on the lists: one service of the suite, and one gRPC service.
        volunteer = pb_grpc.MunicipalityServiceStub(handed[1]("deliberation"))
        links = link_grpc.SignInLinkServiceStub(handed[0]("deliberation"))
        calls: list[tuple[Callable[[Any], Any], Any, str, str]] = [
            (
                volunteer.ListMunicipalities,
                pb.ListMunicipalitiesRequest(),
                "volunteer",
                "MunicipalityService",
            ),
            (links.CreateSignInLink, link_pb.CreateSignInLinkRequest(), "followup", "SignInLinkService"),
        ]
        for call, request, name, called in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call(request)
            refused = domain_error_from(caught.value)
            assert (refused.code.name, refused.reason) == ("PERMISSION_DENIED", "NEIGHBOUR_NOT_ALLOWED")
            assert refused.metadata == {
                "service": name,
                "called": f"borgerting.deliberation.v1.{called}",
            }
    finally:
        suite.stop()

"""Deliberation over gRPC."""

from __future__ import annotations

import grpc

from borgerting.deliberation.v1 import (
    assembly_service_pb2,
    assembly_service_pb2_grpc,
    report_service_pb2,
    report_service_pb2_grpc,
)
from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as pb_grpc
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2_grpc as link_pb_grpc
from chassis.rpc.context import caller
from chassis.rpc.desks import registration
from chassis.rpc.server import GrpcServiceRegistration
from services.deliberation.adapters.assembly_desk import AssemblyDesk
from services.deliberation.adapters.registry import Registry
from services.deliberation.adapters.report_desk import ReportDesk


class MunicipalityServicer(pb_grpc.MunicipalityServiceServicer):
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def GetMunicipality(  # noqa: N802
        self, request: pb.GetMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.get(caller(context), request.name)

    def ListMunicipalities(  # noqa: N802
        self, request: pb.ListMunicipalitiesRequest, context: grpc.ServicerContext
    ) -> pb.ListMunicipalitiesResponse:
        return self._registry.list(caller(context), request)

    def CreateMunicipality(  # noqa: N802
        self, request: pb.CreateMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.create(caller(context), request)

    def UpdateMunicipality(  # noqa: N802
        self, request: pb.UpdateMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.update(caller(context), request)

    def SuspendMunicipality(  # noqa: N802
        self, request: pb.SuspendMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.suspend(caller(context), request)

    def ResumeMunicipality(  # noqa: N802
        self, request: pb.ResumeMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.resume(caller(context), request)

    def DeleteMunicipality(  # noqa: N802
        self, request: pb.DeleteMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.delete(caller(context), request)

    def UndeleteMunicipality(  # noqa: N802
        self, request: pb.UndeleteMunicipalityRequest, context: grpc.ServicerContext
    ) -> pb.Municipality:
        return self._registry.undelete(caller(context), request)


class SignInLinkServicer(link_pb_grpc.SignInLinkServiceServicer):
    """`site` begins links where no address is configured: a gRPC caller does not know the pages' own."""

    def __init__(self, registry: Registry, site: str) -> None:
        self._registry = registry
        self._site = site

    def CreateSignInLink(  # noqa: N802
        self, request: link_pb.CreateSignInLinkRequest, context: grpc.ServicerContext
    ) -> link_pb.SignInLink:
        return self._registry.create_link(caller(context), request, self._site)


def registrations(
    registry: Registry,
    site: str,
    assemblies: AssemblyDesk,
    reports: ReportDesk,
    neighbours: frozenset[str],
) -> list[GrpcServiceRegistration]:
    """`neighbours` are the services that may call as themselves; they make no links."""
    return [
        GrpcServiceRegistration(
            pb_grpc.add_MunicipalityServiceServicer_to_server,
            MunicipalityServicer(registry),
            pb.DESCRIPTOR.services_by_name["MunicipalityService"].full_name,
            neighbours,
        ),
        GrpcServiceRegistration(
            link_pb_grpc.add_SignInLinkServiceServicer_to_server,
            SignInLinkServicer(registry, site),
            link_pb.DESCRIPTOR.services_by_name["SignInLinkService"].full_name,
        ),
        registration(
            assembly_service_pb2.DESCRIPTOR.services_by_name["AssemblyService"],
            assembly_service_pb2_grpc.add_AssemblyServiceServicer_to_server,
            assemblies,
            neighbours,
        ),
        registration(
            report_service_pb2.DESCRIPTOR.services_by_name["ReportService"],
            report_service_pb2_grpc.add_ReportServiceServicer_to_server,
            reports,
            neighbours,
        ),
    ]

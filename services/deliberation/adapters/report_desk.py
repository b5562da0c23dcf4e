"""Where gRPC, REST and pages meet the use cases of `ReportService`."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from borgerting.deliberation.v1 import report_service_pb2 as pb
from chassis.context import Caller
from chassis.desk import Desk, inside
from services.deliberation.adapters import assembly_wire as wire
from services.deliberation.adapters import names
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.create_initiative import CreateInitiative, create_initiative
from services.deliberation.app.create_recommendation import CreateRecommendation, create_recommendation
from services.deliberation.app.delete_initiative import DeleteInitiative, delete_initiative
from services.deliberation.app.delete_recommendation import DeleteRecommendation, delete_recommendation
from services.deliberation.app.get_report import get_report
from services.deliberation.app.hand_over_report import HandOverReport, hand_over_report
from services.deliberation.app.update_initiative import UpdateInitiative, update_initiative
from services.deliberation.app.update_recommendation import UpdateRecommendation, update_recommendation
from services.deliberation.app.update_report import UpdateReport, update_report


class ReportDesk(Desk[AssemblyUnitOfWork]):
    locale_package = "services.deliberation"

    def get_report(self, caller: Caller, request: pb.GetReportRequest) -> pb.Report:
        municipality, assembly = names.report(request.name)
        return self.read(
            caller, municipality, lambda uow: wire.report_to_proto(get_report(uow, caller, assembly))
        )

    def update_report(self, caller: Caller, request: pb.UpdateReportRequest) -> pb.Report:
        wanted = request.report
        municipality, assembly = names.report(wanted.name, "report.name")
        command = UpdateReport(
            assembly,
            wanted.title,
            wanted.preface,
            tuple(request.update_mask.paths),
            tuple(field.name for field, _ in wanted.ListFields()),
            wanted.etag,
        )

        def answer(uow: AssemblyUnitOfWork) -> pb.Report:
            with inside("report"):
                return wire.report_to_proto(update_report(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Report.FromString)

    def create_recommendation(
        self, caller: Caller, request: pb.CreateRecommendationRequest
    ) -> pb.Recommendation:
        municipality, assembly = names.report(request.parent, "parent")
        command = CreateRecommendation(assembly, request.recommendation.title, request.recommendation.vision)

        def answer(uow: AssemblyUnitOfWork) -> pb.Recommendation:
            with inside("recommendation"):
                made = create_recommendation(uow, caller, command, clock=self._clock)
            return wire.recommendation_to_proto(made)

        return self.write(caller, municipality, request, answer, pb.Recommendation.FromString)

    def update_recommendation(
        self, caller: Caller, request: pb.UpdateRecommendationRequest
    ) -> pb.Recommendation:
        wanted = request.recommendation
        municipality, assembly, recommendation = names.recommendation(wanted.name, "recommendation.name")
        command = UpdateRecommendation(
            assembly,
            recommendation,
            wanted.title,
            wanted.vision,
            wanted.position,
            tuple(request.update_mask.paths),
            tuple(field.name for field, _ in wanted.ListFields()),
            wanted.etag,
        )

        def answer(uow: AssemblyUnitOfWork) -> pb.Recommendation:
            with inside("recommendation"):
                made = update_recommendation(uow, caller, command, clock=self._clock)
            return wire.recommendation_to_proto(made)

        return self.write(caller, municipality, request, answer, pb.Recommendation.FromString)

    def delete_recommendation(self, caller: Caller, request: pb.DeleteRecommendationRequest) -> Empty:
        municipality, assembly, recommendation = names.recommendation(request.name)
        command = DeleteRecommendation(assembly, recommendation, request.etag)

        def answer(uow: AssemblyUnitOfWork) -> Empty:
            delete_recommendation(uow, caller, command, clock=self._clock)
            return Empty()

        return self.write(caller, municipality, request, answer, Empty.FromString)

    def create_initiative(self, caller: Caller, request: pb.CreateInitiativeRequest) -> pb.Initiative:
        municipality, assembly, recommendation = names.recommendation(request.parent, "parent")
        wanted = request.initiative
        command = CreateInitiative(
            assembly, recommendation, wanted.title, wanted.text, wire.support_of(wanted)
        )

        def answer(uow: AssemblyUnitOfWork) -> pb.Initiative:
            with inside("initiative"):
                return wire.initiative_to_proto(create_initiative(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Initiative.FromString)

    def update_initiative(self, caller: Caller, request: pb.UpdateInitiativeRequest) -> pb.Initiative:
        wanted = request.initiative
        municipality, assembly, recommendation, initiative = names.initiative(wanted.name, "initiative.name")
        command = UpdateInitiative(
            assembly,
            recommendation,
            initiative,
            wanted.title,
            wanted.text,
            wire.support_of(wanted),
            wanted.position,
            tuple(request.update_mask.paths),
            tuple(field.name for field, _ in wanted.ListFields()),
            wanted.etag,
        )

        def answer(uow: AssemblyUnitOfWork) -> pb.Initiative:
            with inside("initiative"):
                return wire.initiative_to_proto(update_initiative(uow, caller, command, clock=self._clock))

        return self.write(caller, municipality, request, answer, pb.Initiative.FromString)

    def delete_initiative(self, caller: Caller, request: pb.DeleteInitiativeRequest) -> Empty:
        municipality, assembly, recommendation, initiative = names.initiative(request.name)
        command = DeleteInitiative(assembly, recommendation, initiative, request.etag)

        def answer(uow: AssemblyUnitOfWork) -> Empty:
            delete_initiative(uow, caller, command, clock=self._clock)
            return Empty()

        return self.write(caller, municipality, request, answer, Empty.FromString)

    def hand_over_report(self, caller: Caller, request: pb.HandOverReportRequest) -> pb.Report:
        municipality, assembly = names.report(request.name)
        command = HandOverReport(assembly, request.etag)
        return self.write(
            caller,
            municipality,
            request,
            lambda uow: wire.report_to_proto(hand_over_report(uow, caller, command, clock=self._clock)),
            pb.Report.FromString,
        )

"""The assembly: set up while its panel is asked, seated by the panel's event, its report handed over."""

from __future__ import annotations

from borgerting.deliberation.v1 import assembly_service_pb2 as assemblies
from borgerting.deliberation.v1 import assembly_service_pb2_grpc as assemblies_grpc
from borgerting.deliberation.v1 import report_service_pb2 as reports
from borgerting.deliberation.v1 import report_service_pb2_grpc as reports_grpc
from demo.access import HAVNSTED, Access, Metadata, request_id, until
from demo.report_words import PREFACE, REPORT, InitiativeWords

_Promised = assemblies.Checkpoint
# Of 36 members drawn, those who were there when it was voted on.
_ENTITLED, _PRESENT = 36, 27


def seat_assembly(access: Access, selection: str) -> None:
    """An assembly of the selection, whose panel is confirmed; waits until it has its members."""
    desk = assemblies_grpc.AssemblyServiceStub(access.channel)
    assembly = desk.CreateAssembly(
        assemblies.CreateAssemblyRequest(
            parent=f"municipalities/{HAVNSTED}",
            assembly=assemblies.Assembly(
                title="Borgerting om fremtidens velfærd",
                task="Hvordan sikrer vi god velfærd i Havnsted i 2035?\n\n"
                "Hvad kan borgerne selv bidrage med?",
                outside="Skatteprocenten og de enkelte medarbejderes forhold.",
                selection=selection,
                checkpoints=[
                    _Promised(months=3, kind=_Promised.KIND_WITHIN),
                    _Promised(months=10, kind=_Promised.KIND_AFTER),
                    _Promised(months=24, kind=_Promised.KIND_WITHIN),
                ],
            ),
            request_id=request_id(),
        ),
        metadata=access.signed_in(HAVNSTED, "secretariat"),
    )

    def seated() -> assemblies.Assembly | None:
        found = desk.GetAssembly(assemblies.GetAssemblyRequest(name=assembly.name))
        return None if found.state == assemblies.Assembly.STATE_PREPARING else found

    members = until(seated, "the assembly's members").members
    access.say(f"{HAVNSTED}: an assembly of {members} is seated")


def hand_over(access: Access) -> None:
    """The assembly's report, written and handed over."""
    desk = assemblies_grpc.AssemblyServiceStub(access.channel)
    request = assemblies.ListAssembliesRequest(parent=f"municipalities/{HAVNSTED}")
    (assembly,) = desk.ListAssemblies(request).assemblies
    editor = reports_grpc.ReportServiceStub(access.channel)
    metadata = access.signed_in(HAVNSTED, "secretariat")
    report = _write(editor, metadata, f"{assembly.name}/report")
    editor.HandOverReport(
        reports.HandOverReportRequest(name=report.name, etag=report.etag, request_id=request_id()),
        metadata=metadata,
    )
    initiatives = sum(len(each.initiatives) for each in report.recommendations)
    access.say(f"{HAVNSTED}: a report with {initiatives} initiatives handed over")


def _write(desk: reports_grpc.ReportServiceStub, metadata: Metadata, name: str) -> reports.Report:
    desk.UpdateReport(
        reports.UpdateReportRequest(
            report=reports.Report(name=name, preface=PREFACE), request_id=request_id()
        ),
        metadata=metadata,
    )
    for words in REPORT:
        recommendation = desk.CreateRecommendation(
            reports.CreateRecommendationRequest(
                parent=name,
                recommendation=reports.Recommendation(title=words.title, vision=words.vision),
                request_id=request_id(),
            ),
            metadata=metadata,
        )
        for one in words.initiatives:
            desk.CreateInitiative(
                reports.CreateInitiativeRequest(
                    parent=recommendation.name,
                    initiative=reports.Initiative(title=one.title, text=one.text, support=_support(one)),
                    request_id=request_id(),
                ),
                metadata=metadata,
            )
    return desk.GetReport(reports.GetReportRequest(name=name), metadata=metadata)


def _support(words: InitiativeWords) -> reports.Support:
    support = reports.Support(
        against=words.no,
        abstain=_PRESENT - words.yes - words.no,
        entitled=_ENTITLED,
        present=_PRESENT,
        base=reports.Support.BASE_FOR_AND_AGAINST,
    )
    setattr(support, "for", words.yes)  # a word that Python keeps for itself
    return support

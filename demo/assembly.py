"""An assembly that has handed its report over, for the demonstration.

The initiatives, and to the nearest percent how many members stood behind each, are those of a real case,
Dragør 2025; the counts are made to give them, and the words are our own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import grpc

from borgerting.deliberation.v1 import assembly_service_pb2 as assemblies
from borgerting.deliberation.v1 import assembly_service_pb2_grpc as assemblies_grpc
from borgerting.deliberation.v1 import report_service_pb2 as reports
from borgerting.deliberation.v1 import report_service_pb2_grpc as reports_grpc

Metadata = tuple[tuple[str, str], ...]

_EVENT_LIMIT_S = 60
_SEATS = 27

# Title, vision, initiatives with (for, against); what is left of the 27 members was blank.
_REPORT: tuple[tuple[str, str, tuple[tuple[str, int, int], ...]], ...] = (
    (
        "Økonomi 2035: tal sammen om det, der er vigtigst, og brug borgernes kræfter",
        "Vi vil kende regningen, før vi ønsker os noget, og være med til at bære den.",
        (
            ("Buslinje til metroen", 24, 0),
            ("Et fast borgerråd", 23, 1),
            ("Et kreativt udvalg, hver gang en ydelse skæres væk", 23, 1),
            ("Almene boliger til plejepersonale og unge", 23, 1),
            ("En frivilligfond", 20, 5),
            ("Indtægter fra turister ved betalt parkering", 22, 2),
        ),
    ),
    (
        "Samskabelse og frivillighed",
        "Det skal være let at give en hånd med, og let at få den.",
        (
            ("En praktikportal", 23, 1),
            ("Partnerskaber mellem virksomheder og foreninger", 23, 1),
            ("En årlig frivillighedsdag", 23, 1),
            ("En frivilligkoordinator", 22, 2),
            ("En frivilligportal", 22, 2),
        ),
    ),
    (
        "Forebyggelse",
        "",
        (
            ("Dygtige medarbejdere skal have lyst til at komme", 23, 1),
            ("Forebyggende besøg", 23, 1),
            ("Frivillige mentorer for børn og unge", 22, 2),
            ("Fast samarbejde mellem skoler og plejehjem", 22, 2),
            ("Skolepraktik i det frivillige", 22, 2),
            ("Gode rammer for en aktiv alderdom", 20, 3),
            ("Medarbejdere, der ser mistrivsel tidligt", 20, 4),
        ),
    ),
    (
        "Valgfrihed i samarbejde mellem offentlige og private",
        "",
        (
            ("Specialiserede løsninger", 22, 2),
            ("Tilkøb af ekstra ydelser", 20, 4),
            ("Forebyggelse med egenbetaling", 18, 6),
            ("Pengene følger borgeren", 17, 7),
        ),
    ),
    (
        "Digitalisering og velfærdsteknologi",
        "",
        (("De gode digitale løsninger først", 20, 3), ("Brug af velfærdsteknologi", 17, 7)),
    ),
)


def hand_over(
    channel: grpc.Channel, metadata: Metadata, municipality: str, selection: str, say: Callable[[str], None]
) -> None:
    """An assembly of the selection, whose panel is confirmed; its report, written and handed over."""
    desk = assemblies_grpc.AssemblyServiceStub(channel)
    assembly = desk.CreateAssembly(
        assemblies.CreateAssemblyRequest(
            parent=f"municipalities/{municipality}",
            assembly=assemblies.Assembly(
                title="Borgerting om fremtidens velfærd",
                task="Hvordan sikrer vi god velfærd i 2035?\n\nHvad kan borgerne selv bidrage med?",
                outside="Skatteprocenten og de enkelte medarbejderes forhold.",
                selection=selection,
            ),
            request_id=_request_id(),
        ),
        metadata=metadata,
    )
    until = time.monotonic() + _EVENT_LIMIT_S
    while assembly.state == assemblies.Assembly.STATE_PREPARING:
        if time.monotonic() > until:
            raise RuntimeError(f"{assembly.name} has no members yet")
        time.sleep(0.1)
        assembly = desk.GetAssembly(assemblies.GetAssemblyRequest(name=assembly.name))
    report = _write(reports_grpc.ReportServiceStub(channel), metadata, f"{assembly.name}/report")
    initiatives = sum(len(each.initiatives) for each in report.recommendations)
    say(f"{municipality}: a report with {initiatives} initiatives handed over")


def _write(desk: reports_grpc.ReportServiceStub, metadata: Metadata, name: str) -> reports.Report:
    desk.UpdateReport(
        reports.UpdateReportRequest(
            report=reports.Report(
                name=name,
                preface="Vi mødtes første gang i april og sluttede i august.\n\n"
                "Alt i rapporten har vi skrevet selv, og alle har stemt om hvert initiativ.",
            ),
            request_id=_request_id(),
        ),
        metadata=metadata,
    )
    for title, vision, initiatives in _REPORT:
        recommendation = desk.CreateRecommendation(
            reports.CreateRecommendationRequest(
                parent=name,
                recommendation=reports.Recommendation(title=title, vision=vision),
                request_id=_request_id(),
            ),
            metadata=metadata,
        )
        for initiative, yes, no in initiatives:
            desk.CreateInitiative(
                reports.CreateInitiativeRequest(
                    parent=recommendation.name,
                    initiative=reports.Initiative(title=initiative, support=_support(yes, no)),
                    request_id=_request_id(),
                ),
                metadata=metadata,
            )
    written = desk.GetReport(reports.GetReportRequest(name=name), metadata=metadata)
    return desk.HandOverReport(
        reports.HandOverReportRequest(name=name, etag=written.etag, request_id=_request_id()),
        metadata=metadata,
    )


def _support(yes: int, no: int) -> reports.Support:
    support = reports.Support(
        against=no,
        abstain=_SEATS - yes - no,
        entitled=_SEATS,
        present=_SEATS,
        base=reports.Support.BASE_FOR_AND_AGAINST,
    )
    setattr(support, "for", yes)  # a word that Python keeps for itself
    return support


def _request_id() -> str:
    return str(uuid.uuid4())

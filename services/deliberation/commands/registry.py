"""The commands `municipality`, `token` and `sign-in-link`, which work beside a running suite.

Each is one short unit of work on deliberation's own store. Results alone go to stdout: a script can take a
link or a token from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.duration_pb2 import Duration

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1 import sign_in_link_service_pb2 as link_pb
from chassis.aip.names import MUNICIPALITY
from chassis.auth.principal import GRANTED_ROLES, Principal, Role
from chassis.auth.tokens import LocalTokens
from chassis.commands import CommandContext, command_context, command_line
from chassis.config import service_settings
from chassis.context import Caller
from chassis.errors import DomainError
from chassis.operations.exports import export_municipality
from services.deliberation.adapters.registry import Registry
from services.deliberation.domain.sign_in_link import is_subject
from services.deliberation.service import make_registry
from services.deliberation.settings import site_url

_ROLES = "|".join(GRANTED_ROLES)


def _granted(text: str) -> Role:
    if text not in GRANTED_ROLES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(GRANTED_ROLES)}.")
    return Role(text)


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of stores, events and keys (BORGERTING_DATA_DIR, else ./data)."),
]
MunicipalityOption = Annotated[
    str | None, typer.Option("--municipality", help="The municipality's slug; none for an operator.")
]
SubjectOption = Annotated[
    str,
    typer.Option(
        "--subject", help="Whom the audit trail will name: a staff number or the like, never a person's name."
    ),
]

municipality = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Enter municipalities in the registry, list them, hold them still.",
)


@municipality.command("create")
def create(
    slug: Annotated[
        str, typer.Argument(help="Part of every address and never changed: a-z, 0-9 and hyphens (dragoer).")
    ],
    name: Annotated[str, typer.Option("--name", help="What people call it (Dragør Kommune).")],
    time_zone: Annotated[
        str, typer.Option("--time-zone", help="In which legal dates are counted.")
    ] = "Europe/Copenhagen",
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language", help="In which it addresses its citizens, its own first; da and en when not given."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Enter a municipality. Prints its name, `municipalities/SLUG`.

    Example: borgerting municipality create dragoer --name "Dragør Kommune"
    """
    with _opened(data_dir) as (_, registry, caller), _as_typed():
        made = registry.create(
            caller,
            pb.CreateMunicipalityRequest(
                municipality_id=slug,
                municipality=pb.Municipality(
                    display_name=name, time_zone=time_zone, languages=language or []
                ),
            ),
        )
    typer.echo(made.name)


Slug = Annotated[str, typer.Argument(help="As `borgerting municipality list` shows it.")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why, for the audit trail: one line, a case for instance, no name.")
]


@municipality.command("suspend")
def suspend(slug: Slug, reason: Reason, data_dir: DataDir = None) -> None:
    """Hold a municipality still: nobody of it can change anything, what is public stays readable.

    Deadlines, jobs under way and events go on. Each service refuses from when the registry's event is there,
    usually within a second or two.

    Example: borgerting municipality suspend dragoer --reason "contract ended, case 2026-117"
    """
    with _opened(data_dir) as (_, registry, caller), _as_typed(), _said_where(slug):
        name = f"municipalities/{slug}"
        registry.suspend(caller, pb.SuspendMunicipalityRequest(name=name, reason=reason))


@municipality.command("resume")
def resume(slug: Slug, reason: Reason, data_dir: DataDir = None) -> None:
    """Serve a suspended municipality again.

    Example: borgerting municipality resume dragoer --reason "contract renewed"
    """
    with _opened(data_dir) as (_, registry, caller), _as_typed(), _said_where(slug):
        name = f"municipalities/{slug}"
        registry.resume(caller, pb.ResumeMunicipalityRequest(name=name, reason=reason))


@municipality.command("remove")
def remove(
    slug: Slug,
    confirm: Annotated[str, typer.Option("--confirm", help="The slug once more.")],
    reason: Reason,
    without_export: Annotated[
        bool, typer.Option("--without-export", help="Although nothing was exported since it was suspended.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove a suspended municipality that was exported. Prints from when on it is erased.

    Nobody sees it from now on. Until that moment `undelete` has it back; then each service erases all that it
    holds of it, for good, and its slug is never given again.

    Example: borgerting municipality remove dragoer --confirm dragoer --reason "case 2026-117"
    """
    with _opened(data_dir) as (_, registry, caller), _as_typed(), _said_where(slug):
        made = registry.delete(
            caller,
            pb.DeleteMunicipalityRequest(
                name=f"municipalities/{slug}",
                confirmation=confirm,
                reason=reason,
                without_export=without_export,
            ),
        )
    typer.echo(made.purge_time.ToJsonString())


@municipality.command("undelete")
def undelete(slug: Slug, reason: Reason, data_dir: DataDir = None) -> None:
    """Have a removed municipality back before it is erased; it is suspended then.

    Example: borgerting municipality undelete dragoer --reason "removed by mistake"
    """
    with _opened(data_dir) as (_, registry, caller), _as_typed(), _said_where(slug):
        name = f"municipalities/{slug}"
        registry.undelete(caller, pb.UndeleteMunicipalityRequest(name=name, reason=reason))


municipality.command("export")(export_municipality)


@municipality.command("list")
def list_all(data_dir: DataDir = None) -> None:
    """List the registry: slug, name, time zone, languages and state, separated by tabs."""
    token = ""
    while True:
        with _opened(data_dir) as (_, registry, caller):
            page = registry.list(
                caller, pb.ListMunicipalitiesRequest(page_size=1000, page_token=token, show_deleted=True)
            )
        for each in page.municipalities:
            slug = each.name.removeprefix("municipalities/")
            state = pb.Municipality.State.Name(each.state).removeprefix("STATE_")
            typer.echo("\t".join([slug, each.display_name, each.time_zone, ",".join(each.languages), state]))
        token = page.next_page_token
        if not token:
            return


def token(
    role: Annotated[
        Role, typer.Option("--role", parser=_granted, metavar=_ROLES, help="What the token may do.")
    ],
    municipality: MunicipalityOption = None,
    subject: SubjectOption = "command-line-token",
    hours: Annotated[int, typer.Option("--hours", min=1, max=24 * 365, help="How long it is good for.")] = 12,
    data_dir: DataDir = None,
) -> None:
    """Make a bearer token, for a script or another system, and print it.

    Send it as `Authorization: Bearer …` to the REST APIs, or as gRPC metadata `authorization`. It cannot be
    taken back before it expires, so ask for no more hours than are needed.

    Example: borgerting token --municipality dragoer --role secretariat
    """
    with _opened(data_dir) as (context, registry, caller):
        _check_place(role, municipality)
        if municipality is not None:
            with _said_where(municipality):
                registry.get(caller, f"municipalities/{municipality}")
        if not is_subject(subject):
            raise typer.BadParameter("--subject takes up to 64 of a-z, 0-9, '.', '_' and '-', and no name.")
        if not context.settings.local_sign_in:
            raise typer.BadParameter(
                "the production profile takes no tokens but the OpenID provider's: ask there for one."
            )
        principal = Principal(subject, municipality, frozenset({role}))
        made = LocalTokens(context.keys, context.clock).issue(principal, timedelta(hours=hours))
    typer.echo(made)


def sign_in_link(
    municipality: MunicipalityOption = None,
    role: Annotated[
        Role | None,
        typer.Option(
            "--role",
            parser=_granted,
            metavar=_ROLES,
            help="Whose work they do: secretariat when not given, operator without a municipality.",
        ),
    ] = None,
    subject: SubjectOption = "",
    minutes: Annotated[
        int | None,
        typer.Option("--minutes", min=1, max=7 * 24 * 60, help="How long it can be spent (15)."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a link that signs one person in once, and print it.

    \b
    Examples:
      borgerting sign-in-link --municipality dragoer   for its secretariat
      borgerting sign-in-link                          for an operator of the platform
    """
    chosen = role or (Role.SECRETARIAT if municipality else Role.OPERATOR)
    _check_place(chosen, municipality)
    link = link_pb.SignInLink(
        municipality=f"municipalities/{municipality}" if municipality else "",
        role=chosen.value,
        subject=subject,
        ttl=Duration(seconds=minutes * 60) if minutes else None,
    )
    with _opened(data_dir) as (context, registry, caller):
        if not site_url(context.settings):
            raise typer.BadParameter(
                "where does the suite run? Set BORGERTING_BASE_URL or BORGERTING_HTTP_PORT as it has them."
            )
        with _as_typed(), _said_where(municipality):
            made = registry.create_link(caller, link_pb.CreateSignInLinkRequest(sign_in_link=link))
    typer.echo(made.uri)


def _check_place(role: Role, municipality: str | None) -> None:
    if municipality is not None and not MUNICIPALITY.matches(f"municipalities/{municipality}"):
        raise typer.BadParameter("--municipality takes the slug that `borgerting municipality list` shows.")
    if role is Role.OPERATOR and municipality is not None:
        raise typer.BadParameter("an operator is the whole platform's: leave --municipality out.")
    if role is not Role.OPERATOR and municipality is None:
        raise typer.BadParameter(f"--role {role.value} needs --municipality SLUG.")


# What the user typed for each field that the registry may find wrong.
_TYPED = {
    "municipality_id": "SLUG",
    "municipality.display_name": "--name",
    "municipality.time_zone": "--time-zone",
    "municipality.languages": "--language",
    "reason": "--reason",
    "confirmation": "--confirm",
    "sign_in_link.municipality": "--municipality",
    "sign_in_link.role": "--role",
    "sign_in_link.subject": "--subject",
    "sign_in_link.ttl": "--minutes",
}


@contextmanager
def _as_typed() -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        error.violations = tuple(
            replace(violation, field=_TYPED.get(violation.field, violation.field))
            for violation in error.violations
        )
        raise


@contextmanager
def _said_where(municipality: str | None) -> Iterator[None]:
    """Whoever stands in another folder than they think needs more than that it is not there."""
    try:
        yield
    except DomainError as error:
        if error.reason == "MUNICIPALITY_UNKNOWN" and municipality is not None:
            metadata = {"municipality": municipality}
            raise DomainError(error.code, "MUNICIPALITY_NOT_LISTED", metadata) from error
        raise


@contextmanager
def _opened(data_dir: Path | None) -> Iterator[tuple[CommandContext, Registry, Caller]]:
    with command_context("deliberation", data_dir=data_dir) as context:
        registry = make_registry(context, service_settings("deliberation"), site_url(context.settings))
        yield context, registry, command_line()


GROUPS: Mapping[str, Any] = {"municipality": municipality, "token": token, "sign-in-link": sign_in_link}

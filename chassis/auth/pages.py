"""Who is on a page: the session cookie in, the session cookie out, and the check of forms."""

from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth.csrf import Csrf, check_origin
from chassis.auth.principal import NOBODY, Principal
from chassis.auth.sessions import LONGEST_LIFETIME, Session, Sessions
from chassis.errors import Code, DomainError

_ANONYMOUS = re.compile(r"[A-Za-z0-9_-]{22}")
_LONGEST_PATH = 1000
_QUEUE = "borgerting_cookies"
_SESSION = "borgerting_session"
_GIVEN = "borgerting_anonymous"


@dataclass(frozen=True, slots=True)
class _Place:
    """The site as this request reaches it.

    Over https, names with `__Host-` keep other hosts from setting them.
    """

    origin: str
    secure: bool
    encrypted: bool

    @property
    def session_cookie(self) -> str:
        return self.cookie("session")

    @property
    def anonymous_cookie(self) -> str:
        return self.cookie("form")

    def cookie(self, what: str) -> str:
        return f"__Host-borgerting-{what}" if self.secure else f"borgerting-{what}"


class PageSecurity:
    """What `chassis.web.Site` asks: `identify`, `csrf_token`, `check_csrf`; and what signing in and out do.

    `base_url` is the site's address as people type it; without one (embedded) it is what the request itself
    says. Cookies are queued on the request; `SessionCookies`, the middleware, puts them on the answer.
    """

    def __init__(self, sessions: Sessions, csrf: Csrf, *, base_url: str = "") -> None:
        self._sessions = sessions
        self._csrf = csrf
        self._base_url = base_url.rstrip("/")

    def identify(self, request: Request) -> Principal:
        """Who is signed in; NOBODY for a missing cookie, and for one that is damaged, foreign or over."""
        session = self._session(request)
        return session.principal if session else NOBODY

    def csrf_token(self, request: Request) -> str:
        """The token for this visitor's forms; gives an anonymous visitor the cookie that it is bound to."""
        binding = self._binding(request)
        if binding is None:
            value = secrets.token_urlsafe(16)
            place = self._place(request)
            _queue(request, _cookie(place.anonymous_cookie, value, place))
            # Two forms on one page share the new cookie.
            setattr(request.state, _GIVEN, value)
            binding = f"anonymous {value}"
        return self._csrf.token(binding)

    def check_csrf(self, request: Request, token: str) -> None:
        """Raises DomainError PERMISSION_DENIED CSRF_ORIGIN_FOREIGN or CSRF_TOKEN_INVALID."""
        check_origin(request.headers, self._place(request).origin)
        self._csrf.check(token, self._binding(request))

    def check_can_sign_in(self, request: Request) -> None:
        """Raises DomainError FAILED_PRECONDITION HTTPS_REQUIRED where browsers would drop the cookie."""
        place = self._place(request)
        if place.secure and not place.encrypted:
            raise DomainError(Code.FAILED_PRECONDITION, "HTTPS_REQUIRED")

    def sign_in(self, request: Request, principal: Principal) -> None:
        """Begin a new session, whatever the request brought."""
        self.check_can_sign_in(request)
        place = self._place(request)
        cookie = self._sessions.issue(principal)
        _queue(request, _cookie(place.session_cookie, cookie, place, LONGEST_LIFETIME.total_seconds()))
        _queue(request, _cookie(place.anonymous_cookie, "", place, 0))

    def sign_out(self, request: Request) -> None:
        place = self._place(request)
        _queue(request, _cookie(place.session_cookie, "", place, 0))

    def keep(self, request: Request, what: str, value: str, seconds: int) -> None:
        """Have the browser keep a value for us for a while; it comes back with requests to this site only."""
        place = self._place(request)
        _queue(request, _cookie(place.cookie(what), value, place, seconds))

    def kept(self, request: Request, what: str) -> str | None:
        return request.cookies.get(self._place(request).cookie(what))

    def drop(self, request: Request, what: str) -> None:
        place = self._place(request)
        _queue(request, _cookie(place.cookie(what), "", place, 0))

    def _session(self, request: Request) -> Session | None:
        known = getattr(request.state, _SESSION, None)
        if isinstance(known, Session):
            return known
        place = self._place(request)
        cookie = request.cookies.get(place.session_cookie)
        session = self._sessions.read(cookie) if cookie else None
        if session is None:
            return None
        setattr(request.state, _SESSION, session)
        renewed = self._sessions.renew(session)
        if renewed is not None:
            _queue(request, _cookie(place.session_cookie, renewed, place, LONGEST_LIFETIME.total_seconds()))
        return session

    def _binding(self, request: Request) -> str | None:
        session = self._session(request)
        if session is not None:
            return f"session {session.id}"
        given = getattr(request.state, _GIVEN, None)
        value = given or request.cookies.get(self._place(request).anonymous_cookie, "")
        return f"anonymous {value}" if _ANONYMOUS.fullmatch(value) else None

    def _place(self, request: Request) -> _Place:
        if self._base_url:
            parts = urlsplit(self._base_url)
            origin, scheme, host = self._base_url, parts.scheme, parts.hostname or ""
        else:
            scheme, host = request.url.scheme, request.url.hostname or ""
            origin = f"{scheme}://{request.headers.get('host', '')}"
        return _Place(origin, scheme == "https" or not is_loopback(host), scheme == "https")


class SessionCookies:
    """ASGI middleware:

    puts the cookies that a request queued on its answer, which is then nobody else's to keep.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def with_cookies(message: Message) -> None:
            queued = state.get(_QUEUE)
            if message["type"] == "http.response.start" and queued:
                headers = MutableHeaders(scope=message)
                for cookie in queued:
                    headers.append("Set-Cookie", cookie)
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, with_cookies)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine: what is sent to it crosses no network."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def own_path(text: str) -> str:
    """`text` where it is a path of this site, else "/": a sign-in leads nobody to another site.

    Browsers read `//host`, `/\\host` and paths with tabs or newlines as addresses of other hosts.
    """
    plain = text.isprintable() and " " not in text and "\\" not in text and len(text) <= _LONGEST_PATH
    if plain and text.startswith("/") and not text.startswith("//"):
        return text
    return "/"


def _queue(request: Request, cookie: str) -> None:
    queued = getattr(request.state, _QUEUE, None)
    if queued is None:
        queued = []
        setattr(request.state, _QUEUE, queued)
    name = cookie.partition("=")[0]
    # The last word on a cookie stands: a sign-out after a renewal.
    queued[:] = [other for other in queued if other.partition("=")[0] != name]
    queued.append(cookie)


def _cookie(name: str, value: str, place: _Place, max_age: float | None = None) -> str:
    response = Response()
    response.set_cookie(
        name,
        value,
        max_age=None if max_age is None else int(max_age),
        path="/",
        secure=place.secure,
        httponly=True,
        samesite="lax",
    )
    return response.headers["set-cookie"]

"""Pages of a list (AIP-158): sizes, and opaque tokens that only continue the list they were made for.

A token holds the position after which the next page starts and a checksum over it and over what the list
was asked for. It is no secret and no right: a page is filtered by the caller's own municipality whatever
the token says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.errors import Code, DomainError, FieldViolation

DEFAULT_SIZE = 50
MAXIMUM_SIZE = 1000
_CHECKSUM_BYTES = 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Ask the store for `size + 1` rows whose key is greater than `after` (None: from the start)."""

    size: int
    after: tuple[str, ...] | None
    bound_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next_page_token: str


def page_request(
    page_size: int,
    page_token: str,
    *,
    bound_to: Sequence[str],
    default: int = DEFAULT_SIZE,
    maximum: int = MAXIMUM_SIZE,
) -> PageRequest:
    """Read a list request's page fields.

    `bound_to` is what the list is of: its method, its parent, its filter and order. A size of 0 is
    `default`, one over `maximum` is `maximum` (AIP-158). Raises DomainError INVALID_ARGUMENT
    PAGE_SIZE_INVALID (negative) or PAGE_TOKEN_INVALID (not ours, damaged, or of another list).
    """
    if page_size < 0:
        raise _refusal("page_size", "PAGE_SIZE_INVALID")
    after = _read_token(page_token, tuple(bound_to)) if page_token else None
    return PageRequest(min(page_size or default, maximum), after, tuple(bound_to))


def cut_page(fetched: Sequence[T], request: PageRequest, position: Callable[[T], Sequence[str]]) -> Page[T]:
    """The page out of up to `size + 1` rows; one row more than a page means that another page follows.

    `position` gives the row's sort key as strings; it comes back as `PageRequest.after`.
    """
    items = tuple(fetched[: request.size])
    if len(fetched) <= request.size:
        return Page(items, "")
    return Page(items, make_page_token(position(items[-1]), bound_to=request.bound_to))


def make_page_token(after: Sequence[str], *, bound_to: Sequence[str]) -> str:
    """URL-safe text without padding."""
    body = json.dumps(list(after), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_checksum(body, bound_to) + body).rstrip(b"=").decode()


def _read_token(token: str, bound_to: Sequence[str]) -> tuple[str, ...]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refusal("page_token", "PAGE_TOKEN_INVALID") from None
    checksum, body = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
    if checksum != _checksum(body, bound_to):
        raise _refusal("page_token", "PAGE_TOKEN_INVALID")
    try:
        after = json.loads(body)
    except ValueError:
        raise _refusal("page_token", "PAGE_TOKEN_INVALID") from None
    if not isinstance(after, list) or not all(isinstance(part, str) for part in after):
        raise _refusal("page_token", "PAGE_TOKEN_INVALID")
    return tuple(after)


def _checksum(body: bytes, bound_to: Sequence[str]) -> bytes:
    # JSON around the parts, so that ("a", "bc") and ("ab", "c") differ.
    bound = json.dumps(["borgerting page token 1", *bound_to]).encode()
    return hashlib.sha256(hashlib.sha256(bound).digest() + body).digest()[:_CHECKSUM_BYTES]


def _refusal(field: str, reason: str) -> DomainError:
    return DomainError(Code.INVALID_ARGUMENT, reason, {}, (FieldViolation(field, reason),))

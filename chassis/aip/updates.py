"""Updates (AIP-134, AIP-154, AIP-155): field masks, etags, request ids."""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from collections.abc import Iterable

from chassis.errors import Code, DomainError, FieldViolation


def masked_fields(mask: Iterable[str], populated: Iterable[str], allowed: Iterable[str]) -> frozenset[str]:
    """The fields that an update replaces.

    `mask` is the request's field mask (`*` is all of `allowed`), `populated` the fields that the request's
    resource sets: an empty mask means those of them that are allowed. Raises DomainError INVALID_ARGUMENT
    FIELD_MASK_INVALID with one violation per path that cannot be updated.
    """
    paths, can = list(mask), frozenset(allowed)
    if not paths:
        return can.intersection(populated)
    if paths == ["*"]:
        return can
    wrong = [path for path in paths if path not in can]
    if wrong:
        metadata = {"allowed": ", ".join(sorted(can))}
        # The path itself is the client's text: only its place in the mask is told.
        violations = tuple(
            FieldViolation(f"update_mask.paths[{paths.index(path)}]", "FIELD_MASK_INVALID", metadata)
            for path in dict.fromkeys(wrong)
        )
        raise DomainError(Code.INVALID_ARGUMENT, "FIELD_MASK_INVALID", metadata, violations)
    return frozenset(paths)


@functools.lru_cache(maxsize=4096)
def make_etag(*parts: str | int) -> str:
    """A strong entity tag (RFC 9110), with its quotes, over all that makes the resource differ."""
    digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
    return f'"{digest[:24]}"'


def check_etag(sent: str | None, current: str) -> None:
    """Refuse a stale update. No etag, or `*`, asks for none. Raises DomainError ABORTED ETAG_STALE.

    Quotes may be missing, for scripts that strip them.
    """
    if sent and sent != "*" and sent.strip('"') != current.strip('"'):
        raise DomainError(Code.ABORTED, "ETAG_STALE", {}, (FieldViolation("etag", "ETAG_STALE"),))


def check_request_id(request_id: str | None) -> str | None:
    """The request id as it is stored, None when there is none. Raises INVALID_ARGUMENT REQUEST_ID_INVALID."""
    if not request_id:
        return None
    try:
        return str(uuid.UUID(request_id))
    except ValueError:
        violation = FieldViolation("request_id", "REQUEST_ID_INVALID")
        raise DomainError(Code.INVALID_ARGUMENT, "REQUEST_ID_INVALID", {}, (violation,)) from None

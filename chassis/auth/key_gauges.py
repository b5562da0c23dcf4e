"""What Prometheus learns of the keys that sign sessions and links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from chassis.auth.keys import FileKeys, KeyFileError
from chassis.metrics import Sample

KEY_LIFETIME = timedelta(days=365)
"""After which a key should be replaced (`borgerting keys rotate`). Nothing ends then: it goes on signing."""


def key_gauges(keys: FileKeys, now: datetime) -> Iterable[tuple[str, str, Iterable[Sample]]]:
    """Negative once it is older than that; nothing while the file cannot be used, which `/readyz` says."""
    name = "borgerting_signing_key_seconds_left"
    try:
        left = (keys.signing_since() + KEY_LIFETIME - now).total_seconds()
    except KeyFileError:
        samples: list[Sample] = []
    else:
        samples = [(name, {}, left)]
    yield name, "Until the key that signs sessions and links is a year old and should be replaced", samples

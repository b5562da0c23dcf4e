"""What people write in forms and calls."""

from __future__ import annotations

import unicodedata


def is_unprintable(text: str) -> bool:
    """Whether there are control characters in a text of one or more lines.

    No page shows them, and not every store keeps them. What editors paste (no-break spaces, soft hyphens,
    joiners) is no fault.
    """
    return any(unicodedata.category(letter) == "Cc" and letter not in "\r\n\t" for letter in text)

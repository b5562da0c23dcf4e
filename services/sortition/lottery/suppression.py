"""Which of the pool's counts per value stay unpublished, so that no small group can be singled out.

Cells under 5 are hidden. The pool's size is public and each person has one value per feature, so the hidden
cells' sum is known; where it would give one of them away the next smallest cell is hidden too, and so on.
The rule looks only at what stays public (the sum of the hidden cells, the smallest cell shown, the targets'
minima), so that knowing the rule gives nothing away either. After Hundepool et al., 'Statistical Disclosure
Control' (Wiley 2012), chapter 4: primary and secondary cell suppression.
"""

from __future__ import annotations

from collections.abc import Sequence

SMALL = 5


def hidden(counts: Sequence[int], minima: Sequence[int]) -> frozenset[int]:
    """The positions to hide among one feature's `counts`; `minima` are its targets' (public)."""
    primary = [i for i, count in enumerate(counts) if count < SMALL]
    if not primary:
        return frozenset()
    bounds = [min(minima[i], SMALL - 1) for i in primary]
    shown = sorted((i for i in range(len(counts)) if i not in primary), key=lambda i: (counts[i], i))
    total = sum(counts[i] for i in primary)
    added = 0
    while added < len(shown) and not _keeps_secret(total, bounds, added, counts[shown[added]]):
        total += counts[shown[added]]
        added += 1
    return frozenset(primary + shown[:added])


def _keeps_secret(total: int, bounds: Sequence[int], added: int, smallest_shown: int) -> bool:
    """Whether hidden cells with this sum leave each small one open, even to one who knows which are small.

    `bounds` are what the small cells hold at least, `added` how many further cells are hidden (each from 5
    to `smallest_shown`).
    """
    if added:
        room_below = total - SMALL * added - (sum(bounds) - min(bounds))
        return room_below >= SMALL - 1 and total <= added * smallest_shown
    if len(bounds) < 2 or total < SMALL:
        return False
    top = SMALL - 1
    for bound in bounds:
        least = max(bound, total - top * (len(bounds) - 1))
        most = min(top, total - (sum(bounds) - bound))
        if bound < top and least >= most:
            return False
    return True

"""Lists come in pages."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar


class _Listing(Protocol):
    page_token: str


class _Page(Protocol):
    @property
    def next_page_token(self) -> str: ...


Request = TypeVar("Request", bound=_Listing)
Answer = TypeVar("Answer", bound=_Page)


def pages(method: Callable[[Request], Answer], request: Request) -> Iterator[Answer]:
    """The pages of a list from the first to the last, each asked for when it is needed.

        for page in pages(suite.draws.ListDraws, ListDrawsRequest(parent=selection.name)):
            for draw in page.draws: …

    `request` is left as it is; its page_size is that of every page, and a page_token in it is begun after.
    """
    asked = copy.deepcopy(request)
    while True:
        page = method(asked)
        yield page
        if not page.next_page_token:
            return
        asked.page_token = page.next_page_token

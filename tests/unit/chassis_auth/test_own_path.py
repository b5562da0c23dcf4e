"""A path that somebody gave us leads to this site, whatever it is."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.auth.pages import own_path

TRICKY = st.text(alphabet=st.sampled_from("/\\:@.?#%\t\r\n aevil09"), max_size=30)


@given(st.one_of(st.text(max_size=60), TRICKY, TRICKY.map(lambda text: f"/{text}")))
def test_no_text_leads_to_another_site(text: str) -> None:
    path = own_path(text)
    assert path in (text, "/")
    # As the URL standard's parsers do: tabs and newlines go, a backslash is a slash.
    read = "".join(each for each in path if each not in "\t\r\n").replace("\\", "/")
    assert urlsplit(urljoin("https://us.example/deliberation/sign-in", read)).netloc == "us.example"
    assert "\r" not in path
    assert "\n" not in path


@pytest.mark.parametrize("path", ["/", "/deliberation/dragoer/edit", "/a?b=c%20d&e#f", "/æ"])
def test_our_own_paths_stay(path: str) -> None:
    assert own_path(path) == path


def test_a_path_has_an_end() -> None:
    assert own_path("/" + "a" * 1000) == "/"

"""A browser without scripts: it keeps cookies, and fills in the provider's forms."""

from __future__ import annotations

import html
import re
import ssl
from typing import Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx


class Browser(httpx.Client):
    """Cookies by host and port: both servers of a test are on one address, and httpx sees no port."""

    def __init__(self, site: str, verify: ssl.SSLContext | bool = True) -> None:
        super().__init__(trust_env=False, timeout=20, verify=verify)
        self.site = site
        self.jars: dict[str, httpx.Cookies] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def visit(self, url: str, form: dict[str, str] | None = None) -> httpx.Response:
        address = urljoin(self.site, url)
        scheme, place, *_ = urlsplit(address)
        self.cookies = self.jars.setdefault(place, httpx.Cookies())
        headers = {"accept-language": "da"}
        if form is not None:
            headers |= {"origin": f"{scheme}://{place}", "sec-fetch-site": "same-origin"}
        answer = self.request("GET" if form is None else "POST", address, data=form, headers=headers)
        self.jars[place] = self.cookies
        return answer

    def begin(self, then: str = "") -> str:
        """The provider's address to which our link leads."""
        answer = self.visit(f"/deliberation/sign-in/oidc{f'?then={then}' if then else ''}")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def at_provider(self, url: str, login: str) -> str:
        """Through the provider's own pages; the address on our site that it sends us back to."""
        for _ in range(12):
            answer = self.visit(url)
            while answer.status_code == 200:
                prompt = "login" if 'name="login"' in answer.text else "consent"
                action = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                assert action, answer.text
                url = urljoin(url, html.unescape(action[1]))
                answer = self.visit(url, {"prompt": prompt, "login": login, "password": "x"})
            assert answer.status_code in (302, 303), answer.text
            url = urljoin(url, answer.headers["location"])
            if url.startswith(self.site):
                return url
        raise AssertionError("the provider never sent us back")

    def sign_in(self, login: str, then: str = "") -> httpx.Response:
        return self.visit(self.at_provider(self.begin(then), login))

    def session(self) -> str | None:
        jar = self.jars.get(urlsplit(self.site).netloc, httpx.Cookies())
        return jar.get("borgerting-session") or jar.get("__Host-borgerting-session")

    def page(self, path: str, status: int = 200) -> str:
        answer = self.visit(path)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def submit(self, path: str, form_at: str, fields: dict[str, str] | None = None) -> httpx.Response:
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.visit(form_at).text)
        data = {name: html.unescape(value) for name, value in hidden} | (fields or {})
        return self.visit(path, data)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

"""Style sheets, fonts and scripts: read once, served under an address that holds the digest of all of them.

One digest for the folder keeps relative addresses inside style sheets whole, and lets browsers keep every
file for ever: a changed file changes all addresses.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
}
_WORTH_COMPRESSING = frozenset({"css", "js", "svg", "txt"})
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    compressed: bytes | None
    media_type: str


class StaticFiles:
    """All static files of some folders; of two with one path the later folder's wins."""

    def __init__(self, folders: Sequence[Traversable]) -> None:
        self._files: dict[str, StaticFile] = {}
        digest = hashlib.sha256()
        for folder in folders:
            if folder.is_dir():
                self._read(folder, "")
        for path in sorted(self._files):
            digest.update(path.encode() + b"\0" + hashlib.sha256(self._files[path].content).digest())
        self.digest = digest.hexdigest()[:16]

    def _read(self, folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                self._read(entry, f"{prefix}{entry.name}/")
                continue
            suffix = entry.name.rpartition(".")[2]
            if suffix not in _TYPES or entry.name.startswith("."):
                continue
            content = entry.read_bytes()
            compressed = gzip.compress(content, mtime=0) if suffix in _WORTH_COMPRESSING else None
            self._files[prefix + entry.name] = StaticFile(content, compressed, _TYPES[suffix])

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def address(self, service: str, path: str) -> str:
        """Where a page of `service` finds the file. Raises KeyError for a file that is not there."""
        if path not in self._files:
            raise KeyError(f"no static file {path}: run `make setup`")
        return f"/{service}/static/{self.digest}/{path}"

    def respond(self, request: Request, digest: str, path: str) -> Response:
        """The file, or 404. A stale digest (a page loaded before an update) gets today's file, not kept."""
        file = self._files.get(path)
        if file is None:
            return Response(status_code=404)
        headers = {"Cache-Control": FOR_EVER if digest == self.digest else "no-cache"}
        content = file.content
        if file.compressed is not None:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                content = file.compressed
        return Response(content, media_type=file.media_type, headers=headers)

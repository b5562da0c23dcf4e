"""A file in the data folder that says how far the demonstration came: half a story is not left unsaid."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

_FILE_NAME = "demonstration"


class Progress(StrEnum):
    NONE = "none"
    LOADING = "loading"
    LOADED = "loaded"


class Mark:
    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir
        self._path = data_dir / _FILE_NAME

    def read(self) -> Progress:
        try:
            return Progress(self._path.read_text("ascii").strip())
        except FileNotFoundError:
            return Progress.NONE
        except ValueError:
            return Progress.LOADING  # cut off while it was written

    def write(self, progress: Progress) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path.write_text(f"{progress}\n", "ascii")

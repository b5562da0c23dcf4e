"""A folder as Kubernetes mounts a secret: files are links through `..data`, which is turned all at once."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path


class MountedSecret:
    """`put` does what the kubelet's AtomicWriter does: a new folder, the link turned, the old one gone."""

    def __init__(self, folder: Path, content: Mapping[str, bytes], mode: int = 0o440) -> None:
        self.folder = folder
        self._mode = mode
        self._times = itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)
        self.put(content)

    def put(self, content: Mapping[str, bytes]) -> None:
        made = self.folder / f"..{next(self._times)}"
        made.mkdir()
        for name, value in content.items():
            (made / name).write_bytes(value)
            (made / name).chmod(self._mode)
        link, turned = self.folder / "..data", self.folder / "..data_tmp"
        before = link.resolve() if link.is_symlink() else None
        turned.symlink_to(made.name)
        turned.rename(link)
        for name in content:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        if before is not None:
            shutil.rmtree(before)

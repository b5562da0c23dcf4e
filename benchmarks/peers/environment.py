"""Environments apart for peers, each made from its lock at first use in the ignored folder `.bench`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def peer_python(name: str = "requirements") -> Path:
    """The interpreter of the environment of the lock NAME.txt; made first when there is none of that lock."""
    lock = Path(__file__).with_name(f"{name}.txt")
    folder = ROOT / ".bench" / ("peer" if name == "requirements" else name)
    stamp = folder / "lock.sha256"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    print(f"installing benchmarks/peers/{lock.name} …", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock],
        check=True,
        stdout=sys.stderr,
    )
    stamp.write_text(digest)
    return python

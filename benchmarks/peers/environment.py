"""An environment of its own for a peer, made from its lock at first use in the ignored folder `.bench`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("requirements.txt")


def peer_python() -> Path:
    """The interpreter of the peer's environment, which is made first when there is none of this lock."""
    folder = ROOT / ".bench" / "peer"
    stamp = folder / "lock.sha256"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    print("installing the peer from benchmarks/peers/requirements.txt …", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", LOCK],
        check=True,
        stdout=sys.stderr,
    )
    stamp.write_text(digest)
    return python

"""Make gen/borgerting/ from proto/: messages, gRPC stubs and their types. `--check` fails when it differs.

    .venv/bin/python scripts/generate.py            write gen/borgerting/ anew
    .venv/bin/python scripts/generate.py --check    gencode drift, buf lint, buf format and buf breaking
    .venv/bin/python scripts/generate.py --release  keep the contract as it stands: from now on it is held to

Nothing is fetched: protoc comes with grpcio-tools, Google's own protos with googleapis-common-protos, and buf
reads the image that protoc makes.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GENERATED = ROOT / "gen" / "borgerting"
SCRIPTS = Path(sysconfig.get_path("scripts"))
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))


def protoc(arguments: Sequence[str]) -> None:
    """Run protoc over all of proto/. Raises SystemExit with protoc's own words when it refuses."""
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "borgerting").rglob("*.proto"))
    includes = [PROTO, SITE_PACKAGES, Path(str(files("grpc_tools") / "_proto"))]
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{path}" for path in includes)]
    command += [
        f"--plugin={plugin}={SCRIPTS / plugin}" for plugin in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    finished = subprocess.run([*command, *arguments, *sources], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise SystemExit(f"protoc refused:\n{finished.stderr}")


def generate(target: Path) -> None:
    """Fill the folder `target` with what gen/borgerting/ should hold."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        protoc(
            [
                f"--python_out={out}",
                f"--grpc_python_out={out}",
                f"--mypy_out=quiet:{out}",
                f"--mypy_grpc_out=quiet:{out}",
            ]
        )
        made = out / "borgerting"
        for proto in (PROTO / "borgerting").rglob("*.proto"):
            if "\nservice " not in proto.read_text(encoding="utf-8"):
                stem = made / proto.relative_to(PROTO / "borgerting").with_suffix("")
                for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                    stem.with_name(stem.name + suffix).unlink(missing_ok=True)
        # `borgerting` itself stays a namespace: it has no __init__.py.
        for package in (path for path in made.rglob("*") if path.is_dir()):
            (package / "__init__.py").touch()
        for service in made.iterdir():
            (service / "py.typed").touch()
        for path in made.rglob("*.py*"):
            text = path.read_text(encoding="utf-8")
            if text and not text.endswith("\n"):
                path.write_text(text + "\n", encoding="utf-8")
        shutil.copytree(made, target, dirs_exist_ok=True)


def differences(made: Path, committed: Path) -> list[str]:
    """What differs between two folders, as lines to print."""

    def names(folder: Path) -> set[str]:
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    mine, theirs = names(made), names(committed)
    lines = [f"missing: {name}" for name in sorted(mine - theirs)]
    lines += [f"not made from proto/: {name}" for name in sorted(theirs - mine)]
    same = sorted(mine & theirs)
    _, changed, unreadable = filecmp.cmpfiles(made, committed, same, shallow=False)
    return lines + [f"differs: {name}" for name in sorted([*changed, *unreadable])]


def buf(*arguments: str) -> bool:
    """Run buf; True when it found nothing. Its words go to the caller's stderr."""
    finished = subprocess.run([str(SCRIPTS / "buf"), *arguments], capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.stderr.write(f"buf {arguments[0]}:\n{finished.stdout}{finished.stderr}")
    return finished.returncode == 0


def check() -> bool:
    """Whether gen/ is what proto/ makes, and proto/ is in order."""
    with tempfile.TemporaryDirectory() as folder:
        made, image = Path(folder, "borgerting"), Path(folder, "image.binpb")
        generate(made)
        drift = differences(made, GENERATED)
        for line in drift:
            sys.stderr.write(f"gen/borgerting: {line}\n")
        if drift:
            sys.stderr.write("Run scripts/generate.py and commit gen/.\n")
        protoc([f"--descriptor_set_out={image}", "--include_imports", "--include_source_info"])
        config = str(PROTO / "buf.yaml")
        good = buf("lint", str(image), "--config", config)
        good = buf("format", "--diff", "--exit-code", str(PROTO)) and good
        if released().exists():
            good = buf("breaking", str(image), "--against", str(released()), "--config", config) and good
        return good and not drift


def released() -> Path:
    """The contract of the last release; not there before the first."""
    return PROTO / "released.binpb"


def release() -> None:
    protoc([f"--descriptor_set_out={released()}", "--include_imports"])


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "borgerting")
        generate(made)
        if GENERATED.exists():
            shutil.rmtree(GENERATED)
        shutil.copytree(made, GENERATED)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail when anything is out of order"
    )
    parser.add_argument("--release", action="store_true", help="keep the contract in proto/released.binpb")
    given = parser.parse_args()
    if given.check:
        return 0 if check() else 1
    if given.release:
        release()
        return 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())

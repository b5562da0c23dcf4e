"""Writes the image's list of parts (SBOM) as CycloneDX 1.6 JSON to standard output.

`--wheels FOLDER` names the wheels that the image is built from: each part then bears its file's SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import parse_wheel_filename

from deploy.supply.components import Package, own_requirements, packages


class WheelMissingError(Exception):
    """A part of the lock without its wheel: the list would speak of something else than the image."""


def bill(found: Sequence[Package], wheels: Mapping[tuple[str, str], Path] | None = None) -> Bom:
    """Of Borgerting itself and these. Raises WheelMissingError."""
    licences = LicenseFactory()
    made = Bom()
    own = Component(
        name="borgerting",
        version=version("borgerting"),
        type=ComponentType.APPLICATION,
        bom_ref="borgerting",
        purl=PackageURL("pypi", name="borgerting", version=version("borgerting")),
        licenses=[licences.make_from_string("EUPL-1.2")],
        hashes=_hash("borgerting", version("borgerting"), wheels),
    )
    made.metadata.component = own
    parts = {}
    for each in found:
        namespace, _, name = each.name.rpartition("/")
        purl = PackageURL(each.ecosystem, namespace or None, name, each.version)
        parts[each.ecosystem, each.name] = Component(
            name=each.name,
            version=each.version,
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            purl=purl,
            licenses=[licences.make_from_string(each.licence)],
            hashes=_hash(each.name, each.version, wheels) if each.ecosystem == "pypi" else [],
        )
    made.components.update(parts.values())
    direct = [parts["pypi", name] for name in own_requirements() if ("pypi", name) in parts]
    made.register_dependency(own, [*direct, *(part for key, part in parts.items() if key[0] == "npm")])
    for each in found:
        made.register_dependency(
            parts[each.ecosystem, each.name], [parts[each.ecosystem, name] for name in each.requires]
        )
    return made


def wheels_in(*folders: Path) -> dict[tuple[str, str], Path]:
    """By name and version."""
    found = {}
    for folder in folders:
        for path in folder.glob("*.whl"):
            name, number, _, _ = parse_wheel_filename(path.name)
            found[str(name), str(number)] = path
    return found


def _hash(name: str, number: str, wheels: Mapping[tuple[str, str], Path] | None) -> list[HashType]:
    if wheels is None:
        return []
    path = wheels.get((name, number))
    if path is None:
        raise WheelMissingError(f"no wheel of {name} {number}")
    return [HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.supply.sbom", description=__doc__)
    parser.add_argument("--wheels", type=Path, action="append", metavar="FOLDER")
    folders = parser.parse_args(arguments).wheels
    try:
        made = bill(packages(), wheels_in(*folders) if folders else None)
    except WheelMissingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(JsonV1Dot6(made).output_as_string(indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

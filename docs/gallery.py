"""Makes `gallery.md` and its pictures: every network of architectures/. `python docs/gallery.py`"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from seqdsl.api import check_file
from seqdsl.backends.drawing.write import draw
from seqdsl.graph.conventions import MACS
from seqdsl.graph.costs import spell_count
from seqdsl.graph.network import Network
from seqdsl.passes.claims import judge_claims
from seqdsl.passes.drawing.picture import picture
from seqdsl.passes.drawing.placing import Depth

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "gallery"
INTRODUCTION = """# Gallery

Every network of `architectures/`, with its budget and a drawing of its stages: parameters,
multiply-accumulates, and whether the file's claims are met.
`python docs/gallery.py` makes this page.
"""


def families() -> Iterator[tuple[Path, list[Network]]]:
    """Each file of the library, and the networks that it builds."""
    for path in sorted((ROOT / "architectures").glob("*.seq")):
        built, _ = check_file(path.relative_to(Path.cwd()))
        yield path, [found.network for found in built if found.network is not None]


def page() -> str:
    parts = [INTRODUCTION]
    for path, networks in families():
        parts.append(f"## {path.stem}\n")
        about = networks[0].doc.replace("\n", " ") if networks else ""
        parts.append(f"[`{path.name}`](../architectures/{path.name}). {about}".rstrip() + "\n")
        parts.append(f"| network | params | {MACS.heading} | claims |")
        parts.append("| --- | ---: | ---: | --- |")
        parts += map(row, networks)
        parts.append("")
        parts.append(f"<p>\n{chr(10).join(map(image, networks))}\n</p>\n")
    return "\n".join(parts)


def image(network: Network) -> str:
    """A picture that is one of several beside each other, and leads to itself."""
    path = f"gallery/{network.name}.svg"
    return f'<a href="{path}"><img src="{path}" width="210" alt="{network.name}"></a>'


def row(network: Network) -> str:
    verdicts = [verdict.holds for _, verdict in judge_claims(network)]
    unmet = verdicts.count(False)
    claims = f"{unmet} of {len(verdicts)} not met" if unmet else f"{len(verdicts)} met"
    params, macs = (spell_count(count, 4) for count in (network.params, network.macs))
    return f"| {network.name} | {params} | {macs} | {claims if verdicts else '-'} |"


def main() -> None:
    os.chdir(ROOT)  # a tooltip tells a source by its path from here
    PICTURES.mkdir(exist_ok=True)
    names: set[str] = set()
    for _, networks in families():
        for network in networks:
            draw(picture(network, Depth.NETWORK), PICTURES / f"{network.name}.svg")
            names.add(f"{network.name}.svg")
    for path in PICTURES.iterdir():
        if path.name not in names:
            path.unlink()
    GALLERY.write_text(page(), encoding="utf-8")
    print(f"{GALLERY}: {len(names)} networks", file=sys.stderr)


if __name__ == "__main__":
    main()

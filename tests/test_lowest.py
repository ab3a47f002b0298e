"""The lowest versions that are declared are those that `.ci/lowest` tests."""

import re
import tomllib

from networks import ROOT
from packaging.requirements import Requirement
from packaging.version import Version

UNBOUND = {"seqdsl", "types-networkx", "types-reportlab", "types-Pygments"}


def declared() -> dict[str, Version]:
    """The minimum of every dependency that has one, of all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    found: dict[str, Version] = {}
    for line in [*project["dependencies"], *(line for extra in extras for line in extra)]:
        requirement = Requirement(line)
        for part in requirement.specifier:
            assert part.operator == ">=", line
            found[requirement.name] = Version(part.version)
        assert requirement.specifier or requirement.name in UNBOUND, line
    return found


def test_every_minimum_is_the_version_that_is_tested() -> None:
    text = (ROOT / "constraints-lowest.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert {name: Version(number) for name, number in (line.split("==") for line in lines)} == (
        declared()
    )


def test_a_job_runs_them_on_the_lowest_python() -> None:
    workflow = (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    job = workflow.partition("lowest:")[2]
    script = (ROOT / ".ci" / "lowest").read_text()
    lowest = re.search(r'requires-python = ">=(.*)"', (ROOT / "pyproject.toml").read_text())
    assert lowest and f'python-version: "{lowest[1]}"' in job and "run: .ci/lowest" in job
    assert f"python{lowest[1]}" in script and "-c constraints-lowest.txt" in script

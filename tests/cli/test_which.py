"""``seqdsl stats --which``: what makes a printed figure true."""

import csv
import json
from pathlib import Path

import pytest
from commands import seqdsl_command
from networks import ARCHITECTURES

RESNETS = ARCHITECTURES / "resnet.seq"
NET = "network {}(k) {{ input 3x8x8; conv 3x3, k }}\n"


def test_one_network() -> None:
    done = seqdsl_command("stats", RESNETS, "--network", "ResNet50", "--which", "4.11G")
    title, _, _, row, note = done.out.splitlines()
    assert (done.code, done.err, title) == (0, "", "ResNet50: 4.11G")
    assert row.split()[:3] == ["fvcore", "4.1115G", "+0.04"] and "last printed digit" in note


def test_every_network_of_a_file_of_which_it_is_true() -> None:
    done = seqdsl_command("stats", RESNETS, "--which", "7.80G", "--format", "json")
    (table,) = json.loads(done.out)
    assert done.code == 0 and table["title"] == "ResNet101: 7.80G"
    assert {row["counted as"]: row["computed"] for row in table["rows"]} == {
        "macs": 7801405440, "torchvision": 7801405440, "torchinfo": 7801511784,
    }  # fmt: skip


def test_where_nothing_is_true_all_is_shown() -> None:
    done = seqdsl_command(
        "stats", RESNETS, "--network", "ResNet50", "--which", "3.0G", "--format", "csv"
    )
    rows = list(csv.DictReader(done.out.splitlines()))
    assert done.code == 1 and done.err == "nothing that is counted here makes 3.0G true\n"
    assert len(rows) == 10 and rows[-1]["counted as"] == "activations"


def test_parameters_and_templates(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text(NET.format("N"))
    done = seqdsl_command("stats", path, "-D", "k=4", "--which", "116")
    assert done.code == 0 and done.out.splitlines()[3].startswith("params")
    done = seqdsl_command("stats", path, "--which", "116")
    assert done.code == 2 and "no k is given" in done.err


def test_claims_do_not_matter_and_errors_do(tmp_path: Path) -> None:
    path = tmp_path / "net.seq"
    path.write_text("network N { input 3x8x8; conv 3x3, 4; expect params 7 }\n")
    done = seqdsl_command("stats", path, "--which", "116")
    assert (done.code, done.err) == (0, "")
    path.write_text("network N { input 3x8x8; conv 3x3 }\n")
    done = seqdsl_command("stats", path, "--which", "116")
    assert done.code == 1 and "SEQ" in done.err and not done.out


@pytest.mark.parametrize("option", [("--by", "layer"), ("--convention", "paper")])
def test_what_it_takes_no_part_in(option: tuple[str, str]) -> None:
    done = seqdsl_command("stats", RESNETS, "--which", "4.1G", *option)
    assert done.code == 2 and f"drop {option[0]}" in done.err


def test_no_figure() -> None:
    done = seqdsl_command("stats", RESNETS, "--which", "4.1 GFLOPs")
    assert done.code == 2 and "'4.1 GFLOPs' is not a figure" in done.err

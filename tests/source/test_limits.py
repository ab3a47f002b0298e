"""Each limit is told by its name, with the way to raise it by option, variable or call."""

import os
from pathlib import Path

import pytest
from commands import seqdsl_command

import seqdsl
from seqdsl.source.diagnostic import Diagnostic
from seqdsl.source.limits import Limits, way_on
from seqdsl.source.meter import Meter, OverLimit, metered

NETWORK = "network N {{ input 3x8x8\n {} }}\n"
# limit: (a value below what the text needs, the text)
PASSED = {
    "nodes": (10, NETWORK.format("relu x 20")),
    "edges": (10, NETWORK.format("relu x 20")),
    "statements": (100, NETWORK.format("relu x 20")),
    "repeat": (10, NETWORK.format("relu x 20")),
    "depth": (1, "block a { relu }\nblock b { a }\n" + NETWORK.format("b")),
    "nesting": (3, NETWORK.format("conv 3x3, ((((4))))")),
    "bytes": (20, NETWORK.format("relu x 20")),
    "imports": (1, 'use "part.seq"\n' + NETWORK.format("relu x 20")),
}
CODES = {
    "nodes": "SEQ502", "edges": "SEQ502", "statements": "SEQ502", "repeat": "SEQ501",
    "depth": "SEQ503", "nesting": "SEQ102", "bytes": "SEQ006", "imports": "SEQ504",
}  # fmt: skip


def checked(tmp_path: Path, text: str) -> list[Diagnostic]:
    (tmp_path / ".git").mkdir(exist_ok=True)
    (tmp_path / "part.seq").write_text("block part { relu }\n")
    (tmp_path / "net.seq").write_text(text)
    return [d for d in seqdsl.check(tmp_path / "net.seq") if d.code.severity.value == "error"]


@pytest.mark.parametrize("name", PASSED)
def test_each_limit_is_told_and_raised(tmp_path: Path, name: str) -> None:
    value, text = PASSED[name]
    assert not checked(tmp_path, text)
    with seqdsl.limits(**{name: value}):
        found = checked(tmp_path, text)
    assert [d.code.id for d in found] == [CODES[name]]
    assert f"`--limit {name}=" in (found[0].help or "")


@pytest.mark.parametrize("name", ["range", "list", "path", "parameter"])
def test_what_a_loop_runs_over_is_as_long_as_a_repeat(tmp_path: Path, name: str) -> None:
    text = {
        "range": NETWORK.format("for i in 1..20 { relu }"),
        "list": NETWORK.format(f"for i in [{'1, ' * 19}1] {{ relu }}"),
        "path": NETWORK.format(f"p = {'3x3 -> ' * 19}3x3\n conv p.last, 4"),
        "parameter": "block b(n: int[20]) { conv 3x3, n[1] }\n" + NETWORK.format("b 3"),
    }[name]
    assert not checked(tmp_path, text)
    with seqdsl.limits(repeat=10):
        found = checked(tmp_path, text)
    assert [d.code.id for d in found] == ["SEQ501"]
    assert "`--limit repeat=20` raises the limit" in (found[0].help or "")


def let_time_fly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes, and is used, each time that somebody looks."""
    passing = iter(range(100_000))
    for clock in ("monotonic", "thread_time"):
        monkeypatch.setattr(f"seqdsl.source.meter.{clock}", lambda: float(next(passing)))


def test_time_is_told_where_it_ran_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_time_fly(monkeypatch)
    (found,) = checked(tmp_path, NETWORK.format("relu x 2000"))
    assert found.code.id == "SEQ505"
    assert found.primary is not None and found.primary.span.text == "relu x 2000"
    assert "`--limit seconds=10` raises the limit" in (found.help or "")


def test_reading_takes_its_time_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_time_fly(monkeypatch)
    (found,) = checked(tmp_path, NETWORK.format("relu\n" * 8_000))
    assert found.code.id == "SEQ505"


def test_a_busy_machine_makes_no_file_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_time_fly(monkeypatch)
    monkeypatch.setattr("seqdsl.source.meter.thread_time", lambda: 0.0)
    assert not checked(tmp_path, NETWORK.format("relu x 2000"))


def test_the_networks_of_a_file_share_its_limits(tmp_path: Path) -> None:
    text = NETWORK.format("relu x 20") + "".join(f"model m{i} = N()\n" for i in range(50))
    with seqdsl.limits(nodes=100):
        (found,) = checked(tmp_path, text)
    assert found.message == "the networks of this file have more than 100 nodes"


def test_64_bits_are_no_limit_to_raise(tmp_path: Path) -> None:
    for number in ("99999999999999999999", "9000000000000000000 * 2"):
        (found,) = checked(tmp_path, NETWORK.format(f"conv 3x3, {number}"))
        assert found.code.id == "SEQ103"
        assert "torch and ONNX count in 64 bits: no option raises this" in (found.help or "")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ({"nods": 3}, "no limit is called 'nods': did you mean 'nodes'?"),
        ({"zzz": 3}, "they are bytes, nesting, repeat"),
        ({"nodes": 0}, "the limit 'nodes' is a whole number above zero"),
        ({"nodes": 2.5}, "the limit 'nodes' is a whole number above zero"),
        ({"nodes": True}, "the limit 'nodes' is a whole number above zero"),
        ({"nesting": 1000}, "the limit 'nesting' is at most 100"),
    ],
)
def test_bad_limits_of_a_call(raised: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")), seqdsl.limits(**raised):
        pass


def test_limits_end_with_their_block(tmp_path: Path) -> None:
    with seqdsl.limits(nodes=10), seqdsl.limits(edges=1_000) as inner:
        assert inner == Limits(nodes=10, edges=1_000)
        assert checked(tmp_path, PASSED["nodes"][1])
    assert not checked(tmp_path, PASSED["nodes"][1])


def test_the_library_is_read_whatever_the_limits(tmp_path: Path) -> None:
    from seqdsl.semantic.names.modules import _parsed

    _parsed.cache_clear()
    with seqdsl.limits(nesting=2, bytes=100):
        assert not checked(tmp_path, NETWORK.format("conv 3x3, 4"))


def test_the_most_that_a_limit_can_be_is_said() -> None:
    with seqdsl.limits(nesting=100):
        assert way_on("nesting") == "100 is the most that `--limit nesting` can be"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.seq"
    path.write_text(PASSED["nodes"][1])
    return path


def test_the_option_and_the_variable(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seqdsl_command("check", net).code == 0
    assert seqdsl_command("--limit", "nodes=10", "check", net).code == 1
    monkeypatch.setenv("SEQDSL_LIMITS", "nodes=10, seconds=60")
    assert seqdsl_command("check", net).code == 1
    assert seqdsl_command("--limit", "nodes=1_000", "check", net).code == 0
    assert os.environ["SEQDSL_LIMITS"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nodes", "'nodes' is not of the form NAME=VALUE"),
        ("nods=3", "did you mean 'nodes'?"),
        ("nodes=many", "a whole number above zero"),
        ("nodes=-3", "a whole number above zero"),
        ("nodes=٣", "a whole number above zero"),
        ("nodes=" + "9" * 5_000, "a whole number above zero"),
    ],
)
def test_bad_limits_are_errors_of_usage(
    net: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    done = seqdsl_command("--limit", given, "check", net)
    assert done.code == 2 and said in done.err and "--limit: " in done.err
    monkeypatch.setenv("SEQDSL_LIMITS", f"seconds=60,{given}")
    done = seqdsl_command("check", net)
    assert done.code == 2 and said in done.err and "SEQDSL_LIMITS: " in done.err


def test_a_meter_is_shared_by_what_is_inside() -> None:
    with metered() as outer, metered() as inner:
        assert outer is inner
    with seqdsl.limits(statements=5):
        meter = Meter()
    with pytest.raises(OverLimit):
        meter.spend(6)
    assert meter.passed

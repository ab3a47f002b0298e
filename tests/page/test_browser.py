"""The page as its reader sees it, in a headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Tab, needs_browser, tab
from commands import seqdsl_command
from networks import ARCHITECTURES, ROOT
from patience import until

pytestmark = needs_browser
playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

IMAGENET = ARCHITECTURES / "seqresnet_imagenet.seq"
MODELS = [f"{IMAGENET}:SeqResNetB42", f"{IMAGENET}:SeqResNetB22"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A page on SeqResNet-B42, and one that compares it."""
    folder = tmp_path_factory.mktemp("reports")
    paths = [folder / "one.html", folder / "two.html"]
    for path, sides in zip(paths, (MODELS[:1], MODELS), strict=True):
        assert seqdsl_command("report", *sides, "-o", path).code == 0
    return paths


@pytest.fixture
def opened(reports: list[Path]) -> Iterator[Tab]:
    with tab() as found:
        found.page.goto(reports[0].as_uri())
        found.page.wait_for_selector("html[data-ready]")
        yield found
        assert not found.complaints


def select(page, path: str) -> None:
    page.locator(f'.box[data-path="{path}"]').first.click()


def search(page, path: str) -> None:
    """Selects a part that may be out of sight."""
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(path)
    page.keyboard.press("Enter")
    page.wait_for_selector(".canvas .selected")
    settle(page)


def settle(page) -> None:
    """Waits until nothing has moved for some frames."""
    page.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            const boxes = () => JSON.stringify(
                [...document.querySelectorAll('.box')].map(box => box.getBoundingClientRect())
            );
            for (let still = 0, before = ''; still < 4; await frame()) {
                const now = boxes();
                still = now === before ? still + 1 : 0;
                before = now;
            }
        }"""
    )


def width(page, path: str) -> float:
    return page.locator(f'.box[data-path="{path}"]').bounding_box()["width"]


def depth(page, name: str) -> None:
    page.locator(f'input[name="depth"][value="{name}"]').check(force=True)


def test_it_renders_and_asks_for_nothing(reports: list[Path]) -> None:
    with tab() as found:
        found.page.context.set_offline(True)
        found.page.goto(reports[0].as_uri())
        found.page.wait_for_selector("html[data-ready]")
        found.page.wait_for_selector(".box[data-path]")
        assert found.requests == [reports[0].as_uri()] and not found.complaints


def test_a_click_shows_a_box_in_its_source(opened: Tab) -> None:
    page = opened.page
    select(page, "conv2/seqconv1")
    lines = page.locator(".source li.hit").all_inner_texts()
    assert len(lines) == 1 and "seqconv 1x1 -> 3x3, 128, k=32" in lines[0]
    details = page.locator("aside, .details").first.inner_text()
    for said in ("1x1 → 3x3, 128, k=32", "32×112×112", "128×112×112", "4 × 32", "23 × 23", "47.6K"):
        assert said in details, said


def test_a_line_selects_what_it_is_of(opened: Tab) -> None:
    page = opened.page
    page.locator(".source li", has_text="conv 3x3, 256, stride=2, groups=4").click()
    assert page.locator(".selected").first.get_attribute("data-path") == "conv3/downsample1/conv1"


def test_every_depth_is_drawn(opened: Tab) -> None:
    page = opened.page
    counts = {}
    for name in ("network", "block", "layer", "group"):
        depth(page, name)
        page.wait_for_function(
            "name => document.querySelector('input[name=depth]:checked').value === name", arg=name
        )
        counts[name] = page.locator(".canvas .box[data-path]").count()
    assert counts["network"] == 7 and counts["block"] == counts["group"] == 26
    assert counts["layer"] > counts["block"]
    assert page.locator(".canvas .group[data-path]").count() > 60


def test_a_selection_outlasts_the_depth(opened: Tab) -> None:
    page = opened.page
    search(page, "conv3/downsample1/conv1")
    depth(page, "network")
    assert page.locator(".canvas .selected").first.get_attribute("data-path") == "conv3"
    depth(page, "block")
    chosen = page.locator(".canvas .selected").first
    assert chosen.get_attribute("data-path") == "conv3/downsample1/conv1"


def test_search_finds_a_layer_by_keys(opened: Tab) -> None:
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("conv5 downsample concat")
    page.wait_for_selector("#found [role=option]")
    assert "conv5/downsample1/concat" in page.locator("#found [role=option]").first.inner_text()
    page.keyboard.press("Enter")
    chosen = page.locator(".canvas .selected").first
    assert chosen.get_attribute("data-path") == "conv5/downsample1/concat"
    box, canvas = chosen.bounding_box(), page.locator(".canvas").first.bounding_box()
    assert canvas["y"] <= box["y"] and box["y"] + box["height"] <= canvas["y"] + canvas["height"]
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("there is no such thing")
    assert page.locator("#found [role=option]").count() == 0


@pytest.mark.parametrize("part", ["conv3", "conv5", "conv2"])
def test_search_moves_to_a_part_that_is_larger_than_the_view(opened: Tab, part: str) -> None:
    page = opened.page
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    search(page, part)
    chosen = page.locator(".canvas .selected").first
    assert chosen.get_attribute("data-path") == part
    box, canvas = chosen.bounding_box(), page.locator(".canvas").first.bounding_box()
    assert box["height"] > canvas["height"]
    assert canvas["y"] <= box["y"] < canvas["y"] + 40
    assert canvas["x"] <= box["x"] < canvas["x"] + canvas["width"]


def test_zoom(opened: Tab) -> None:
    page = opened.page
    before = width(page, "conv1/conv1")
    page.get_by_role("button", name="Zoom in").click()
    until(lambda: width(page, "conv1/conv1") > before)
    settle(page)
    nearer = width(page, "conv1/conv1")
    page.locator(".canvas").first.hover()
    page.mouse.wheel(0, 400)
    until(lambda: width(page, "conv1/conv1") < nearer)


def test_all_is_reached_by_keys(opened: Tab) -> None:
    """From the top by Tab into the diagram, along its boxes, and one chosen."""
    page = opened.page
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.box')"):
            break
    assert page.evaluate("document.activeElement.matches('.box')")
    first = page.evaluate("document.activeElement.dataset.path")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.dataset.path")
    assert second and second != first
    page.keyboard.press("Enter")
    assert page.locator(".canvas .selected").first.get_attribute("data-path") == second


def test_who_sees_whom(opened: Tab) -> None:
    """The matrix of a layer is Eq. 2: a window of eight groups that slides."""
    page = opened.page
    search(page, "conv4/residual1/wseqconv1")
    rows = page.locator("table.matrix").first.locator("tbody tr")
    assert rows.count() == 8
    for index in range(8):
        cells = rows.nth(index).locator("td").all()
        seen = ["seen" in (cell.get_attribute("class") or "").split() for cell in cells]
        assert seen == [index <= column < index + 8 for column in range(15)]


def test_costs_and_claims(opened: Tab) -> None:
    page = opened.page
    page.get_by_role("tab", name="Layers").click()
    rows = page.locator("[role=tabpanel] table tbody tr")
    assert rows.count() == 20
    page.get_by_role("tab", name="Claims").click()
    text = page.locator("[role=tabpanel]").first.inner_text()
    assert "25.6M" in text and "5.33G" in text and "met" in text
    page.get_by_role("tab", name="Costs").click()
    page.wait_for_selector("[role=tabpanel] svg")


def test_two_networks(reports: list[Path]) -> None:
    with tab() as found:
        page = found.page
        page.goto(reports[1].as_uri())
        page.wait_for_selector("html[data-ready]")
        assert page.locator(".canvas").count() == 2
        marked = page.locator(".canvas").nth(1).locator(".changed").first
        assert marked.get_attribute("data-path").startswith("conv2/residual1")
        assert "× 3" in page.locator("[role=tabpanel]").first.inner_text()
        assert not found.complaints


# --- accessible


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("which", [0, 1], ids=["one", "two"])
def test_no_violation_of_accessibility(reports: list[Path], which: int, dark: bool) -> None:
    """By axe-core, in every tab, with a layer selected, at the depth of groups."""
    with tab(dark) as found:
        page = found.page
        page.goto(reports[which].as_uri())
        page.wait_for_selector("html[data-ready]")
        select(page, "conv2/seqconv1")
        depth(page, "group")
        source = (Path(axe.__file__).parent / "axe.min.js").read_text()
        session = page.context.new_cdp_session(page)  # the page's policy lets no script in
        session.send("Runtime.evaluate", {"expression": source})
        for name in page.get_by_role("tab").all_inner_texts():
            page.get_by_role("tab", name=name).click()
            settle(page)
            answer = session.send(
                "Runtime.evaluate",
                {
                    "expression": "axe.run().then(r => JSON.stringify(r.violations.map("
                    "v => [v.id, v.nodes.map(n => n.target.join(' ')).slice(0, 3)])))",
                    "awaitPromise": True,
                },
            )
            assert answer["result"]["value"] == "[]", (name, answer["result"])


# --- preview


def follows(page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.canvas').textContent.includes(text)", arg=text
    )


def test_a_preview_follows_its_file(tmp_path: Path) -> None:
    """With zoom and selection kept; a broken file shows what is wrong."""
    source = tmp_path / "net.seq"
    good = IMAGENET.read_text()
    source.write_text(good)
    process = subprocess.Popen(
        [sys.executable, "-m", "seqdsl", "preview", "net.seq", "--network", "SeqResNetB42"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        with tab() as found:
            page = found.page
            page.goto(process.stdout.readline().strip())
            page.wait_for_selector("html[data-ready]")
            select(page, "conv2/seqconv1")
            for _ in range(3):
                page.keyboard.press("+")
            settle(page)
            before = page.locator('.box[data-path="conv2/seqconv1"]').bounding_box()
            changed = good.replace("conv 3x3, 32, stride=2", "conv 7x7, 32, stride=2")
            source.write_text(changed)
            follows(page, "7×7, 32")
            after = page.locator('.box[data-path="conv2/seqconv1"]').bounding_box()
            assert after["width"] == pytest.approx(before["width"], rel=0.02)
            chosen = page.locator(".canvas .selected").first
            assert chosen.get_attribute("data-path") == "conv2/seqconv1"
            source.write_text(good.replace("seqconv 1x1", "seqcnv 1x1", 1))
            page.wait_for_selector("pre:has-text('seqcnv')")
            assert page.locator(".box[data-path]").count() > 0  # as it last was
            source.write_text(good)
            page.wait_for_selector("pre:has-text('seqcnv')", state="detached")
            follows(page, "3×3, 32, stride 2")
            assert not found.complaints
    finally:
        process.terminate()
        process.wait()


def test_a_drawing_is_laid_out_as_its_viewer_reads_it(tmp_path: Path) -> None:
    """No text of an SVG is wider than its box in a browser, whatever font that takes."""
    path = tmp_path / "net.svg"
    assert seqdsl_command(
        "draw", IMAGENET, "--network", "SeqResNetB42", "--depth", "group", "-o", path
    ).code == 0  # fmt: skip
    with tab() as found:
        found.page.goto(path.as_uri())
        wide = found.page.evaluate(
            """() => [...document.querySelectorAll('.box')].flatMap(box => {
                const shape = box.querySelector('rect');
                if (!shape) return [];
                const {left, right} = shape.getBoundingClientRect();
                return [...box.querySelectorAll('text')].filter(text => {
                    const own = text.getBoundingClientRect();
                    return own.left < left || own.right > right;
                }).map(text => text.textContent);
            })"""
        )
        assert wide == [] and not found.complaints


def test_the_bundle_is_what_its_sources_build(tmp_path: Path) -> None:
    """Only where npm has installed what it needs."""
    web, assets = ROOT / "web", ROOT / "seqdsl" / "page" / "assets"
    if not (web / "node_modules").is_dir() or shutil.which("npm") is None:
        pytest.skip("run `npm ci` in web first")
    environment = {**os.environ, "SEQDSL_ASSETS": str(tmp_path)}
    for script in ("check", "build"):
        command = ["npm", "run", "--silent", script]
        subprocess.run(command, cwd=web, check=True, capture_output=True, env=environment)
    built, kept = (
        {p.name: p.read_bytes() for p in folder.iterdir()} for folder in (tmp_path, assets)
    )
    assert built == kept

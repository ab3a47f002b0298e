"""Takes `report.png`, a report in a browser: `python docs/screenshot.py`. It needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).with_name("report.png")
NETWORK = "architectures/seqresnet_imagenet.seq:SeqResNetB42"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        command = [sys.executable, "-m", "seqdsl", "report", NETWORK, "-o", str(report)]
        subprocess.run(command, check=True, cwd=ROOT)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-ready]")
        page.locator('input[name="depth"][value="group"]').check(force=True)
        page.keyboard.press("/")
        page.keyboard.type("conv2/seqconv1")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()

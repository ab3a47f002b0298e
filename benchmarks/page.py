"""What a page takes a reader: until it is ready, and until it follows a saved file.

    python benchmarks/page.py

In a headless Chromium, for SeqResNet-B42; medians of ten, in ms. It needs `chromium` on the PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "architectures" / "seqresnet_imagenet.seq"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RUNS = 10


def ready(browser: Browser, report: Path) -> float:
    page = browser.new_page()
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-ready]")
    mark = float(page.evaluate("performance.getEntriesByName('seqdsl-ready')[0].startTime"))
    page.close()
    return mark


def followed(browser: Browser, folder: Path) -> list[float]:
    """From the moment that a file is saved to that in which the page shows its first layer."""
    file, text = folder / "net.seq", SOURCE.read_text()
    file.write_text(text)
    command = [sys.executable, "-m", "seqdsl", "preview", "net.seq:SeqResNetB42"]
    preview = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert preview.stdout is not None
    times: list[float] = []
    try:
        page = browser.new_page()
        page.goto(preview.stdout.readline().strip())
        page.wait_for_selector("html[data-ready]")
        for turn in range(RUNS):
            side = 5 + 2 * (turn % 2)
            changed = text.replace("conv 3x3, 32, stride=2", f"conv {side}x{side}, 32, stride=2")
            page.wait_for_timeout(600)
            start = time.perf_counter()
            file.write_text(changed)
            page.wait_for_function(
                "said => document.querySelector('.canvas').textContent.includes(said)",
                arg=f"{side}×{side}, 32",
            )
            times.append(1000 * (time.perf_counter() - start))
    finally:
        preview.terminate()
        preview.wait()
    return times


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        report = folder / "report.html"
        command = [sys.executable, "-m", "seqdsl", "report", f"{SOURCE}:SeqResNetB42"]
        subprocess.run([*command, "-o", str(report)], check=True, stderr=subprocess.DEVNULL)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        opened = [ready(browser, report) for _ in range(RUNS)]
        times = followed(browser, folder)
        browser.close()
    print("| | median | most |\n| --- | ---: | ---: |")
    print(f"| ready | {median(opened):.0f} | {max(opened):.0f} |")
    print(f"| follows a saved file | {median(times):.0f} | {max(times):.0f} |")


if __name__ == "__main__":
    main()

"""The page as one HTML file that needs no network: what it shows, its script and its styles."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files

from seqdsl.backends.drawing.svg import css
from seqdsl.backends.drawing.theme import THEMES
from seqdsl.page.contents import Page, write_json

# A page may run its own script and no other, and ask nobody but the server it came from.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'"
)


def write_html(page: Page, live: str | None = None) -> str:
    """One file; a ``live`` one goes on reading pages from that path of its server."""
    script = _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    connect = "'none'" if live is None else "'self'"
    policy = _POLICY.format(script=digest, connect=connect)
    title = escape(" | ".join(network.name for network in page.networks) or page.file)
    data_live = "" if live is None else f' data-live="{escape(live)}"'
    return f"""<!doctype html>
<html lang="en"{data_live}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="seqdsl {escape(page.version)}">
<title>{title}</title>
<style>
{_drawing_styles()}
{_asset("report.css")}
</style>
</head>
<body>
<div id="app"></div>
<script id="data" type="application/json">{write_json(page)}</script>
<script id="licences" type="text/plain">
{_asset("LICENSES.txt").replace("</", "< /")}
</script>
<script type="module">{script}</script>
</body>
</html>
"""


@cache
def _asset(name: str) -> str:
    return files("seqdsl.page").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _drawing_styles() -> str:
    """Drawings are light or dark as the page is: as its reader chose, or as the system is."""
    light, dark = THEMES["light"], THEMES["dark"]
    by_system = css(dark, within=':root:not([data-theme="light"]) svg.seqdsl')
    by_reader = css(dark, within=':root[data-theme="dark"] svg.seqdsl')
    return f"{css(light)}\n@media (prefers-color-scheme: dark) {{\n{by_system}\n}}\n{by_reader}"

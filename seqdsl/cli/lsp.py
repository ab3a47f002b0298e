"""``seqdsl lsp``"""

from __future__ import annotations

import click


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="What it does anyway: editors like to say so.")
def command(stdio: bool) -> None:  # noqa: ARG001
    """Serve an editor over standard input and output (Language Server Protocol)."""
    from seqdsl.server.main import serve

    serve()

"""``seqdsl lsp``"""

from __future__ import annotations

import click


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="The only transport; editors that name it may.")
def command(stdio: bool) -> None:  # noqa: ARG001
    """Serve an editor over standard input and output (Language Server Protocol)."""
    from seqdsl.server.main import serve

    serve()

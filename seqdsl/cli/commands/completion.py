"""``seqdsl completion``: the script that makes a shell ask for completions."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from seqdsl.cli.environment import COMPLETE

# Bash puts a space after a word: not after a folder, or after a name that wants a value.
_WORD = "COMPREPLY+=($value)"
_OPEN_WORD = f"{_WORD}\n            [[ $value == *[/=] ]] && compopt -o nospace"
# Fish gets what a command is for behind a comma, and that may hold others.
_CUT, _CUT_ONCE = 'string split ","', 'string split --max 1 ","'


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, files, networks and parameters.

    \b
    bash:  eval "$(seqdsl completion bash)"    in ~/.bashrc
    zsh:   eval "$(seqdsl completion zsh)"     in ~/.zshrc
    fish:  seqdsl completion fish > ~/.config/fish/completions/seqdsl.fish
    """
    found = get_completion_class(shell)
    assert found is not None  # click knows these three
    script = found(ctx.find_root().command, {}, "seqdsl", COMPLETE).source()
    click.echo(script.replace(_WORD, _OPEN_WORD).replace(_CUT, _CUT_ONCE), nl=False)

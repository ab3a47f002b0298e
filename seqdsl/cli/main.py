"""The program: a table of commands, each imported when it is called."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import click

import seqdsl
from seqdsl.cli.environment import COMPLETE, LIMITS, TRACEBACK
from seqdsl.cli.leaving import (
    INTERNAL,
    INTERRUPTED,
    exit_code_of_signals,
    leave_at_once,
    leave_in_order,
)
from seqdsl.cli.streams import spell_what_streams_lack
from seqdsl.source.ending import is_ending

# name: one line of help; its file in `commands/` has the same name
COMMANDS: dict[str, str] = {
    "check": "Check shapes, groups and claims of .seq files.",
    "stats": "Count parameters and costs by network, stage, block or layer.",
    "table": "Print networks as a paper's table of architectures does.",
    "audit": "Set printed figures beside computed ones.",
    "fmt": "Format .seq files in the style of the library.",
    "expand": "Write a network as a plain source.",
    "diff": "Show what differs between networks, files or git revisions.",
    "build": "Write a network as PyTorch source or as ONNX.",
    "run": "Run a network on an image or an array.",
    "verify": "Compare all backends on the same random weights.",
    "bench": "Time a network on every backend and schedule.",
    "train": "Train a network, from the start or from where it stopped.",
    "eval": "Measure the errors of a trained network.",
    "weights": "Bring weights from another's checkpoint, and back.",
    "draw": "Draw a network at one of four depths.",
    "report": "Write a page on a network, or on two, as one HTML file.",
    "preview": "Show that page in a browser, and follow a file.",
    "plot": "Plot trained weights, or the errors of runs by epoch.",
    "doctor": "Show what seqdsl runs on, and what is broken.",
    "completion": "Print a shell's completion script.",
    "lsp": "Serve an editor over the Language Server Protocol.",
    "explain": "Explain a diagnostic code.",
}


class LazyCommands(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"seqdsl.cli.commands.{cmd_name}").command
        if not isinstance(command, click.Command):
            return None
        if COMPLETE in os.environ:
            from seqdsl.cli.completing import teach

            teach(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """The commands from the table: none is imported to be named."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line)
            for name, line in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from seqdsl.source.suggest import nearest

            near = nearest(name, COMMANDS)
            hint = f" Did you mean {near!r}?" if near else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(seqdsl.__version__, prog_name="seqdsl")
@click.option("--timings", is_flag=True, help="Say what each stage of the command took.")
@click.option("--limit", "limits", metavar="NAME=VALUE", multiple=True,
              help="Raise or lower a limit, such as nodes=400000; also SEQDSL_LIMITS.")  # fmt: skip
@click.option("--verify-each", "verifies", is_flag=True, envvar="SEQDSL_VERIFY_EACH",
              help="Verify the graph after each pass; also SEQDSL_VERIFY_EACH.")  # fmt: skip
@click.pass_context
def program(ctx: click.Context, timings: bool, limits: tuple[str, ...], verifies: bool) -> None:
    """A language for convolutional architectures, and its compiler."""
    _limit(ctx, limits)
    if verifies:
        from seqdsl.graph.contract import verify_each

        ctx.with_resource(verify_each())
    if timings:
        _measure(ctx)


def _limit(ctx: click.Context, given: tuple[str, ...]) -> None:
    """Sets the limits of the environment for the command, and those given over them."""
    everywhere = os.environ.get(LIMITS, "").strip()
    if not given and not everywhere:
        return
    from seqdsl.source.raising import limits, read_limits

    for where, texts in ((LIMITS, everywhere.split(",")), ("--limit", list(given))):
        try:
            ctx.with_resource(limits(**read_limits([text for text in texts if text.strip()])))
        except ValueError as error:
            raise click.UsageError(f"{where}: {error}") from None


def _measure(ctx: click.Context) -> None:
    """Keeps timings, and prints them once the command is done, however it ends."""
    from seqdsl.source.timing import TIMINGS, Timings

    kept = Timings()
    token = TIMINGS.set(kept)

    def finish() -> None:
        TIMINGS.reset(token)
        click.echo(kept.table(), err=True)

    ctx.call_on_close(finish)


def main() -> None:
    """Runs the program.

    Exit code 0: clean; 1: findings; 2: usage or I/O; 70: a mistake of ours; 130: interrupted;
    143: terminated.
    """
    gc.set_threshold(100_000)  # a compiler makes many objects and few circles
    code: str | int | None = 0
    try:
        try:
            leave_in_order()
            _run()
        finally:
            leave_at_once()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:  # in the midst of ending
        code = INTERRUPTED
    leave_at_once()
    gc.freeze()  # or else the last collection, on the way out, would walk them all
    sys.exit(exit_code_of_signals(code))


def _run() -> None:
    spell_what_streams_lack()
    try:
        program.main(standalone_mode=False)
    except click.exceptions.Exit as exit:
        sys.exit(exit.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError as error:
        click.echo(f"seqdsl: not enough memory{f': {error}' if str(error) else ''}", err=True)
        sys.exit(2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"seqdsl: {where}{error.strerror or error}")
        sys.exit(2)
    except Exception as error:
        if is_ending(error):
            sys.exit(INTERRUPTED)
        if isinstance(error, ImportError):
            _tell_missing(error)
        if os.environ.get(TRACEBACK):
            raise
        _say(f"seqdsl: internal error: {type(error).__name__}: {error}")
        click.echo(f"Please report it with the file; {TRACEBACK}=1 shows where.", err=True)
        sys.exit(INTERNAL)


def _say(text: str) -> None:
    from seqdsl.cli.common import say

    say(text)


def _tell_missing(error: ImportError) -> None:
    """Exits where a library is missing or broken, and not a module of seqdsl."""
    from seqdsl.cli.common import fail_with
    from seqdsl.cli.missing import missing_library
    from seqdsl.source.diagnostic import unlocated

    found = missing_library(error)
    if found is not None:
        message, line = found
        fail_with(unlocated("missing-extra", message, "seqdsl", line))

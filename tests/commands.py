"""The program as a user calls it, in this process: its exit code and what it prints."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from seqdsl.cli.main import _run


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def seqdsl_command(*arguments: object) -> Done:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.object(sys, "argv", ["seqdsl", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            _run()
        except SystemExit as exit:
            code = int(exit.code or 0)
    return Done(code, out.getvalue(), err.getvalue())

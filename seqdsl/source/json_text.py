"""Reads JSON that a file holds: whatever is wrong with it is a ValueError."""

from __future__ import annotations

import json
from collections.abc import Iterable


class Refused(ValueError):
    """Says what strict readers refuse."""


def parse_json(data: bytes | str, *, strict: bool = False) -> object:
    """Parse JSON, of bytes as UTF-8. Raises ValueError, which says what is wrong with it.

    ``strict`` also refuses NaN, infinity, and an object that has a key twice.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        if strict:
            return json.loads(text, object_pairs_hook=without_repeats, parse_constant=_refuse)
        return json.loads(text)
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"it is no JSON: {error.msg} ({place})") from None
    except Refused:
        raise
    except ValueError as error:  # a number of too many digits
        raise ValueError(f"it is no JSON: {error}") from None


def without_repeats(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Make a dictionary of pairs. Raises `Refused` for a key that is in them twice."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Refused(f"{key[:_SHOWN]} is in it twice")
        found[key] = value
    return found


def _refuse(word: str) -> object:
    raise Refused(f"{word} is no number of JSON")


_SHOWN = 100  # characters of a key

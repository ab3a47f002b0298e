"""Reads JSON that a file holds: whatever is wrong with it is a ValueError."""

from __future__ import annotations

import json


def parse_json(data: bytes) -> object:
    """The value that JSON in UTF-8 stands for. Raises ValueError, which says why there is none."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: byte {error.start}") from None
    except ValueError as error:  # no JSON, or a number of too many digits
        raise ValueError(f"it is no JSON: {error}") from None

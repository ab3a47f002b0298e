"""What the tests of the server share."""

from pathlib import Path

import pytest

from seqdsl.server.files import EditorFiles


@pytest.fixture
def files(tmp_path: Path) -> EditorFiles:
    (tmp_path / ".git").mkdir()
    found = EditorFiles()
    found.folders = [tmp_path]
    return found

"""The open documents, each with what is known of its last version."""

from __future__ import annotations

from seqdsl.semantic.expansion.replay import Replays
from seqdsl.server.analysis import Analysis
from seqdsl.server.files import EditorFiles, canonical, path_of, uri_of
from seqdsl.source.text import Source


class Documents:
    """Keeps the analysis of each open document, and makes it anew when its text changes."""

    def __init__(self) -> None:
        self.files = EditorFiles()
        self._texts: dict[str, str] = {}
        self._known: dict[str, Analysis] = {}
        self._replays: dict[str, Replays] = {}

    def put(self, uri: str, text: str) -> list[str]:
        """Takes a version of a document; gives the open documents to be looked at again."""
        path = path_of(uri)
        if path is not None:
            self.files.put(path, text)
        self._texts[uri] = text
        return self._forget(uri)

    def drop(self, uri: str) -> list[str]:
        """Closes a document; gives the open ones that read it."""
        path = path_of(uri)
        if path is not None:
            self.files.drop(path)
        self._texts.pop(uri, None)
        self._replays.pop(uri, None)
        affected = self._forget(uri)
        self._known.pop(uri, None)
        return [each for each in affected if each != uri]

    def changed_on_disk(self) -> list[str]:
        """Every open document, each to be looked at again."""
        self._known.clear()
        return list(self._texts)

    def is_open(self, uri: str) -> bool:
        """Whether an editor has the file of an address, however it spells that."""
        return canonical(uri) in map(canonical, self._texts)

    def analysis(self, uri: str) -> Analysis | None:
        """What is known of an open document; None for one that is not open."""
        text = self._texts.get(uri)
        if text is None:
            return None
        if uri not in self._known:
            path = path_of(uri)
            name = uri if path is None else str(path)
            self._known[uri] = Analysis(
                Source(name, text), path, self.files, self._replays.setdefault(uri, Replays())
            )
        return self._known[uri]

    def _forget(self, uri: str) -> list[str]:
        """Forgets what is known of a document and of those that read it."""
        affected, file = [uri], canonical(uri)
        for other, analysis in self._known.items():
            read = {uri_of(module.syntax.source) for module in analysis.program.modules}
            if other != uri and (file in read or analysis.misses_imports):
                affected.append(other)
        for each in affected:
            self._known.pop(each, None)
        return affected

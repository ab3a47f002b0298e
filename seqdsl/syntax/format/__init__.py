"""The formatter: one layout for every source, in the manner of the standard library."""

from seqdsl.syntax.format.formatter import format_source

__all__ = ["format_source"]

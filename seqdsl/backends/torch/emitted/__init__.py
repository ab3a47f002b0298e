"""Code that emitted modules hold a copy of, formatted as they are."""

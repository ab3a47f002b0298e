"""Inter, for formats that hold or need a font: Latin, Greek, Cyrillic, arrows and signs of it."""

from importlib.resources import files


def font_files() -> list[str]:
    """The paths of its regular and its semi-bold face."""
    return [str(files(__name__) / f"Inter-{weight}.ttf") for weight in ("Regular", "SemiBold")]

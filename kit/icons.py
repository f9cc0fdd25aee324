"""Lucide's icons as small inline SVG, rendered once per process: a table of fifty rows asks for hundreds of them."""

from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from django.utils.safestring import SafeString, mark_safe

SMALL = "s"


@lru_cache(maxsize=1)
def _drawings() -> ZipFile:
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


@lru_cache(maxsize=256)
def icon(name: str, size: str = "") -> SafeString:
    """The icon as `<svg class="i">`, hidden from screen readers; `size="s"` is the small one. KeyError if unknown.

    Size, stroke and caps are the stylesheet's, so only the shapes are kept of the package's drawing.
    """
    drawing = ET.fromstring(_drawings().read(f"{name}.svg"))  # noqa: S314 - the package's own file
    shapes = []
    for shape in drawing:
        attributes = "".join(f' {key}="{value}"' for key, value in shape.attrib.items())
        shapes.append(f"<{shape.tag.rpartition('}')[2]}{attributes}/>")
    css_class = f"i {size}".strip()
    svg = f'<svg class="{css_class}" viewBox="0 0 24 24" aria-hidden="true">{"".join(shapes)}</svg>'
    return mark_safe(svg)  # noqa: S308 - the package's drawing and constants

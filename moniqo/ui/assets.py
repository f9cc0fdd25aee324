"""The files a page loads, few and small, without a bundler.

Styles live in one file per component and scripts in one file per concern, which is how they are read; a browser would
pay a request for each. This staticfiles finder offers them as one stylesheet and one script: the sources one after the
other. It also keeps a Brotli and a gzip copy beside each file, which WhiteNoise serves to browsers that take them: the
chart library alone is 1.3 MB without.

Cascade layers make the order of stylesheets irrelevant after `layers.css`. Scripts import nothing from each other, they
talk by events; each runs in a block of its own inside one module.

Built files are kept in node_modules' cache folder, or in the data folder where that is not ours, and rebuilt when a
source says something else. `collectstatic` takes them from here too.
"""

import gzip
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import brotli  # type: ignore[import-untyped]  # the package has no types
import django_htmx
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

STYLES: Path = settings.BASE_DIR / "static" / "css"
SCRIPTS: Path = settings.BASE_DIR / "static" / "js"
MODULES: Path = settings.BASE_DIR / "node_modules"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
IDIOMORPH = MODULES / "idiomorph" / "dist" / "idiomorph-ext.min.js"
PLOTLY = MODULES / "plotly.js-finance-dist-min" / "plotly-finance.min.js"
# Who serves pages as nobody may not write beside root's packages, only into the data folder.
BUILT = MODULES / ".cache" / "moniqo" if os.access(MODULES, os.W_OK) else settings.DATA_DIR / "assets"
FOR_READERS = re.compile(r"/\*.*?\*/|(?<=\n)\s+", re.DOTALL)
AROUND = re.compile(r"\s*([{};,])\s*|(:) +|\s*\n\s*")
COMMENT_LINES = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)
COMPRESSED = (".br", ".gz")


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file: its name under STATIC_URL, what it is made of, and how the parts are joined."""

    name: str
    sources: Callable[[], list[Path]]
    joined: Callable[[Iterable[Path]], str]

    @property
    def path(self) -> Path:
        return BUILT / self.name

    def is_stale(self) -> bool:
        """Whether the file or a copy is missing, or it no longer says what its sources say."""
        outputs = [self.path, *(_beside(self.path, suffix) for suffix in COMPRESSED)]
        return any(not output.exists() for output in outputs) or self.path.read_text() != self.joined(self.sources())

    def build(self) -> None:
        """Write the file and its compressed copies; the plain file last, so that it never stands without them."""
        content = self.joined(self.sources()).encode()
        _write(_beside(self.path, ".br"), brotli.compress(content))
        _write(_beside(self.path, ".gz"), gzip.compress(content, mtime=0))
        _write(self.path, content)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step: several processes may build the same asset at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as draft:
        draft.write(content)
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)


def _styles() -> list[Path]:
    first = STYLES / "layers.css"
    return [first, *sorted(path for path in STYLES.rglob("*.css") if path != first)]


def _scripts() -> list[Path]:
    return [HTMX, IDIOMORPH, *sorted(SCRIPTS.glob("*.js"))]


def _one_after_the_other(sources: Iterable[Path]) -> str:
    return "\n".join(source.read_text() for source in sources)


def _stylesheet(sources: Iterable[Path]) -> str:
    """Without comments, line ends and indentation, which are for readers: a fourth of the compressed stylesheet."""
    return "".join(
        AROUND.sub(lambda found: found[1] or found[2] or " ", FOR_READERS.sub("", source.read_text()).strip())
        for source in sources
    )


def _blocks(sources: Iterable[Path]) -> str:
    """Libraries as they are, so that all may use them; each of ours in a block that keeps its names to itself, without
    the lines that are comments and without indentation."""
    return "\n".join(
        f"{{\n{COMMENT_LINES.sub('', source.read_text())}\n}}" if source.is_relative_to(SCRIPTS) else source.read_text()
        for source in sources
    )


ASSETS = {
    asset.name: asset
    for asset in (
        Asset("css/moniqo.css", _styles, _stylesheet),
        Asset("js/moniqo.js", _scripts, _blocks),
        Asset("plotly/plotly-finance.min.js", lambda: [PLOTLY], _one_after_the_other),
    )
}


def build() -> None:
    """Bring every asset up to date; done at start so that the first page does not wait for the compression."""
    for asset in ASSETS.values():
        if asset.is_stale():
            asset.build()


class AssetFinder(BaseFinder):
    """Finds the built files for the development server and for `collectstatic`."""

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """The absolute path of a built file, brought up to date; an empty list when the name is none of ours."""
        asset = ASSETS.get(path.removesuffix(".br").removesuffix(".gz"))
        if asset is None:
            return []
        if asset.is_stale():
            asset.build()
        found = str(BUILT / path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """Every built file with its compressed copies."""
        build()
        storage = FileSystemStorage(location=BUILT)
        for name in ASSETS:
            for path in (name, *(name + suffix for suffix in COMPRESSED)):
                if not matches_patterns(path, ignore_patterns or ()):
                    yield path, storage

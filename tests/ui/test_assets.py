"""One stylesheet and one script out of many files, compressed, and never older than their sources."""

import gzip
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders

from moniqo.ui import assets


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two stylesheets, and an empty place to build in."""
    sources = tmp_path / "css"
    (sources / "components").mkdir(parents=True)
    (sources / "layers.css").write_text("@layer base;")
    (sources / "components" / "card.css").write_text(".card {}")
    monkeypatch.setattr(assets, "STYLES", sources)
    monkeypatch.setattr(assets, "BUILT", tmp_path / "built")
    return sources


def test_layers_come_first_and_every_stylesheet_is_in(workshop: Path) -> None:
    stylesheet = assets.ASSETS["css/moniqo.css"]
    stylesheet.build()
    assert stylesheet.path.read_text() == "@layer base;.card{}"


def test_comments_line_ends_and_indentation_are_left_out(workshop: Path) -> None:
    stylesheet = assets.ASSETS["css/moniqo.css"]
    (workshop / "components" / "card.css").write_text("/* why\n   so */\n.card {\n  color: red; /* really */\n}\n")
    stylesheet.build()
    assert stylesheet.path.read_text() == "@layer base;.card{color:red;}"


def test_the_library_of_charts_is_served_as_it_came() -> None:
    library = assets.ASSETS["plotly/plotly-finance.min.js"]
    library.build()
    assert library.path.read_text() == assets.PLOTLY.read_text()


def test_the_compressed_copies_hold_the_same_bytes(workshop: Path) -> None:
    stylesheet = assets.ASSETS["css/moniqo.css"]
    stylesheet.build()
    plain = stylesheet.path.read_bytes()
    assert brotli.decompress(Path(f"{stylesheet.path}.br").read_bytes()) == plain
    assert gzip.decompress(Path(f"{stylesheet.path}.gz").read_bytes()) == plain


def test_a_file_is_stale_once_a_source_changes_comes_or_goes(workshop: Path) -> None:
    stylesheet = assets.ASSETS["css/moniqo.css"]
    assert stylesheet.is_stale()
    stylesheet.build()
    assert not stylesheet.is_stale()

    (workshop / "components" / "chip.css").write_text(".chip {}")
    assert stylesheet.is_stale()
    stylesheet.build()
    (workshop / "components" / "card.css").unlink()
    assert stylesheet.is_stale()
    stylesheet.build()
    assert stylesheet.path.read_text() == "@layer base;.chip{}"


def test_the_finder_knows_its_files_and_no_others() -> None:
    assert finders.find("css/moniqo.css") == str(assets.BUILT / "css" / "moniqo.css")
    assert assets.AssetFinder().find("css/tokens.css") == []
    listed = {path for path, _ in assets.AssetFinder().list(["*.gz"])}
    assert {"css/moniqo.css", "css/moniqo.css.br", "js/moniqo.js", "plotly/plotly-finance.min.js"} <= listed
    assert not any(path.endswith(".gz") for path in listed)


def test_every_script_of_ours_is_in_a_block_of_its_own() -> None:
    assets.build()
    script = assets.ASSETS["js/moniqo.js"].path.read_text()
    for source in assets.SCRIPTS.glob("*.js"):
        lines = (line.lstrip(" \t") for line in source.read_text().splitlines(keepends=True))
        code = [line for line in lines if not line.startswith("//")]
        assert f"{{\n{''.join(code)}\n}}" in script


def test_every_component_stylesheet_stays_in_its_layer() -> None:
    for source in assets.STYLES.glob("components/*.css"):
        assert (
            re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.DOTALL).strip().startswith("@layer components {")
        ), source


def test_colours_are_chosen_in_the_tokens_only() -> None:
    literal = re.compile(r"#[0-9a-f]{3,8}\b|oklch\(|rgba?\(|hsl\(", re.IGNORECASE)
    for source in assets.STYLES.rglob("*.css"):
        if source.name != "tokens.css":
            assert not literal.search(source.read_text()), source


def test_no_two_stylesheets_of_components_define_the_same_class() -> None:
    """All of them are loaded by every page: a class that two define looks on one page as the other wants it."""
    owners: dict[str, set[str]] = {}
    for path in (assets.STYLES / "components").glob("*.css"):
        for prelude in re.findall(r"([^{}]+)\{", assets.FOR_READERS.sub("", path.read_text())):
            alone = re.sub(r"\((?:[^()]|\([^()]*\))*\)", "()", prelude.strip())
            # An element's own look is its class alone; what adds to it says in which place, so it has more in front.
            for name in re.findall(r"(?:^|,)\s*(\.[\w-]+)\s*(?:> \w+\s*)?(?=,|$)", alone):
                owners.setdefault(name, set()).add(path.name)
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}

"""One text for every term: forms, pages, the operators' admin, the API and the documents take it from the glossary."""

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.forms import BaseForm
from django.test import RequestFactory

import farms.forms
import moniqo.ui.forms
import trading.forms
import wallets.hierarchy.forms
from kit.glossary import NAMES, TERMS
from kit.users.models import User
from moniqo.api import api
from trading.models import Position

ROOT = Path(__file__).resolve().parents[2]
FORMS = (farms.forms, trading.forms, wallets.hierarchy.forms, moniqo.ui.forms)
# Figures of a kind of their own, which the docstring of their schema explains.
EXPLAINED_BY_THEIR_SCHEMA = {
    "numbers", "indicators", "minimum", "maximum", "least", "most", "usual", "left", "to_farm", "farm_share", "won",
    "lost", "open", "volume",
}  # fmt: skip
FIGURES_OF_A_PAGE = re.compile(r'<dl class="(?:card metrics|kv four figures)[^"]*".*?</dl>', re.DOTALL)


def test_the_page_is_written_from_it() -> None:
    spec = importlib.util.spec_from_file_location("build_glossary", ROOT / "docs" / "build_glossary.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    assert builder.PAGE.read_text() == builder.build(), "run python docs/build_glossary.py"


def test_a_term_and_the_name_of_a_field_stand_there_once_with_one_sentence() -> None:
    assert sum(len(term.names) for term in TERMS.values()) == len(NAMES)
    labels = [term.label for term in TERMS.values()]
    assert sorted(set(labels)) == sorted(labels)
    assert [term.help for term in TERMS.values() if not re.fullmatch(r"[^.].*\.", term.help)] == []


def test_every_figure_of_the_api_says_what_it_is() -> None:
    silent = {
        f"{schema}.{name}"
        for schema, part in api.get_openapi_schema()["components"]["schemas"].items()
        for name, said in part.get("properties", {}).items()
        if ("1250.5" in json.dumps(said) or '"number"' in json.dumps(said))
        and not said.get("description")
        and name not in EXPLAINED_BY_THEIR_SCHEMA
    }
    assert silent == set()


def fields() -> Iterator[tuple[str, str, str, str]]:
    for module in FORMS:
        for form in vars(module).values():
            if isinstance(form, type) and issubclass(form, BaseForm) and form.__module__ == module.__name__:
                for name, field in form.base_fields.items():  # type: ignore[attr-defined]
                    yield f"{form.__name__}.{name}", name, str(field.label or ""), str(field.help_text)


def test_a_form_calls_a_term_what_the_glossary_calls_it() -> None:
    asked = [(where, NAMES[name], label, said) for where, name, label, said in fields() if name in NAMES]
    assert len(asked) >= 4
    assert [where for where, term, label, _ in asked if not label.startswith(term.label)] == []
    assert [where for where, term, _, said in asked if said and not said.startswith(term.help)] == []


def test_figures_of_pages_are_explained_where_they_stand() -> None:
    shown = {path: FIGURES_OF_A_PAGE.findall(path.read_text()) for path in (ROOT / "templates").rglob("*.html")}
    assert sum(map(len, shown.values())) >= 7
    plain = [
        f"{path.name}: {figure}"
        for path, bars in shown.items()
        if path.parent.name != "debug"
        for bar in bars
        for figure in re.findall(r"<dt>(.*?)</dt>", bar, re.DOTALL)
        if "{% term" not in figure and not re.sub(r'^<a href="[^"]*">', "", figure).startswith("{{")
    ]
    assert plain == []


def test_every_term_that_a_page_asks_for_is_there() -> None:
    asked = {
        slug
        for path in (ROOT / "templates").rglob("*.html")
        for slug in re.findall(r'{% term "(\w+)"', path.read_text())
    }
    assert len(asked) > 20
    assert asked <= set(TERMS)


@pytest.mark.parametrize("name", ["exit_stop", "entry_price", "realized_pnl"])
def test_operators_read_the_same(name: str) -> None:
    request = RequestFactory().get("/")
    request.user = User(is_staff=True, is_superuser=True)
    form = admin.site._registry[Position].get_form(request, None)
    assert form._meta.labels[name] == NAMES[name].label
    assert form._meta.help_texts[name] == NAMES[name].help


def test_no_template_and_no_form_says_it_a_second_time() -> None:
    files = [*(ROOT / "templates").rglob("*.html"), *ROOT.glob("*/**/forms.py"), *ROOT.glob("*/forms.py")]
    files = [path for path in files if ".venv" not in path.parts and "node_modules" not in path.parts]
    twice = [
        (path.name, slug) for path in files for slug, term in TERMS.items() if term.help.rstrip(".") in path.read_text()
    ]
    assert twice == []

"""What the words of Moniqo mean: a label and one sentence each, from `glossary.toml`, where alone they stand.

Forms take labels and help from here, pages what a figure's name explains (`{% term "sharpe" %}`), the operators' admin
and the API the descriptions of fields, by the names that fields have; `docs/glossary.md` is written from it.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Term:
    """A word, what pages call it, and one sentence; `names` are what fields call it in models and in the API.

    `kind` is how a value of it is written where that does not show from the value: a "share" is a fraction.
    """

    label: str
    help: str
    names: tuple[str, ...] = ()
    kind: str = ""


TERMS: Final[dict[str, Term]] = {
    slug: Term(said["label"], said["help"], tuple(said.get("names", ())), said.get("kind", ""))
    for slug, said in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
NAMES: Final[dict[str, Term]] = {name: term for term in TERMS.values() for name in term.names}


def field(slug: str, *, label: str = "", more: str = "") -> dict[str, Any]:
    """Label and help of a form's field. `label` is the term's with its unit, `more` what only this form has to say."""
    term = TERMS[slug]
    return {"label": label or term.label, "help_text": f"{term.help} {more}".rstrip()}


def labels(names: Iterable[str]) -> dict[str, str]:
    """The labels of fields by their names, as far as they have a term."""
    return {name: NAMES[name].label for name in names if name in NAMES}


def kind_of(name: str) -> str:
    """How the values of a field are written, by its name; empty where they say it themselves."""
    return NAMES[name].kind if name in NAMES else ""


def helps(names: Iterable[str]) -> dict[str, str]:
    """The sentences of fields by their names."""
    return {name: NAMES[name].help for name in names if name in NAMES}


def describe(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI schema, every property of it that says nothing of itself given the sentence of its term, in place."""
    for part in schema.get("components", {}).get("schemas", {}).values():
        for name, said in part.get("properties", {}).items():
            if name in NAMES and "description" not in said and "$ref" not in str(said):
                said["description"] = NAMES[name].help
    return schema

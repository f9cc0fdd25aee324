"""No form has a text that may hold what nobody can see: a name that reads backwards, a note with a bell in it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.forms.forms import BaseForm
from django.test import RequestFactory
from django.urls import get_resolver

from kit.users.models import User
from tests.house.test_sql import PACKAGES, ROOT

HOSTILE: Final = (
    "a\u202eb", "\u200fa", "\u2066a\u2069", "a\x07b", "\ufeffa", "a\0b", "a\u202eb@example.com", "a@exa\u202emple.com",
    "https://exa\u202emple.com", "https://example.com/\u200e",
)  # fmt: skip
# Compared with what is stored and never kept.
COMPARED: Final = {(AuthenticationForm, "username")}


def shapes(shape: type[BaseForm] = BaseForm) -> Iterator[type[BaseForm]]:
    for below in shape.__subclasses__():
        yield below
        yield from shapes(below)


def texts(fields: dict[str, forms.Field]) -> Iterator[tuple[str, forms.CharField]]:
    """Those that are typed and shown; a secret may hold anything."""
    for name, field in fields.items():
        if isinstance(field, forms.CharField) and not isinstance(field.widget, forms.PasswordInput):
            yield name, field


def takes(field: forms.CharField) -> list[str]:
    taken = []
    for text in HOSTILE:
        try:
            field.clean(text)
        except ValidationError:
            continue
        taken.append(text)
    return taken


@pytest.mark.offline
def test_every_text_of_a_form_refuses_what_nobody_can_see() -> None:
    get_resolver().url_patterns  # noqa: B018 - views bring their forms
    asked_apart = {one.form for one in admin.site._registry.values()}
    ours = {shape for shape in shapes() if shape.__module__.split(".")[0] in PACKAGES}
    found = {}
    for shape in {*ours, AuthenticationForm} - asked_apart:
        for name, field in texts(getattr(shape, "base_fields", {})):
            if (shape, name) not in COMPARED:
                found[f"{shape.__name__}.{name}"] = takes(field)
    assert len(found) > 20
    assert {name: taken for name, taken in found.items() if taken} == {}


@pytest.mark.django_db(databases=["default", "system"])
def test_every_text_of_the_admin_refuses_what_nobody_can_see(rf: RequestFactory, operator: User) -> None:
    request = rf.get("/")
    operator.is_superuser = True
    request.user = operator
    found = {}
    for model, one in admin.site._registry.items():
        for change in (False, True):
            if one.has_change_permission(request) if change else one.has_add_permission(request):
                row = model() if change else None
                sets = [one.get_form(request, row, change=change).base_fields]
                sets += [part.get_formset(request, row).form.base_fields for part in one.get_inline_instances(request)]
                for fields in sets:
                    found |= {f"{model._meta.label}.{name} {change}": takes(field) for name, field in texts(fields)}
    assert len(found) > 10
    assert {name: taken for name, taken in found.items() if taken} == {}


@pytest.mark.offline
def test_no_form_adds_a_text_of_another_kind() -> None:
    """Those that are made by hand are not in the lists above."""
    others = {"forms.CharField", "forms.URLField", "forms.RegexField", "forms.JSONField"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in Path(ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in others
    ]
    assert wrong == []

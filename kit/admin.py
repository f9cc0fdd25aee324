"""What the operators' admin has in common."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import CharField, EmailField, Field, FloatField, Model, QuerySet, TextField
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline

from kit import formatting, forms, glossary
from kit.audit.services import Area, record
from kit.models import ExactField

SECRET_FIELDS = {"password", "password1", "password2", "value"}

WRITTEN: Final = {CharField: forms.TextField, TextField: forms.TextField, EmailField: forms.MailField}


class ReadOnly:
    """Rows that may be looked at and never touched: append-only tables, and what only the engine may write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class InUnits:
    """Lists whose amounts are written in the decimals of their asset, with its code.

    `units` says by the name of each amount where its asset stands, in the row or along its relations
    (`instrument__base`); `prices` likewise where the instrument of a price stands. What is in neither, because nothing
    says its asset, is a number.
    """

    units: Mapping[str, str] = MappingProxyType({})
    prices: Mapping[str, str] = MappingProxyType({})

    def written(self, names: Iterable[Any], model: type[Model]) -> list[Any]:
        """The columns `names` of a list, those of amounts and prices replaced by what writes them."""
        numbers = (ExactField, FloatField)
        exact = {field.name for field in model._meta.concrete_fields if isinstance(field, numbers)}
        return [self._column(name, model) if name in exact else name for name in names]

    def _column(self, name: str, model: type[Model]) -> Callable[[Any], str]:
        def column(row: Any) -> str:
            value = getattr(row, name)
            if value is None:
                return formatting.DASH
            if name in self.prices:
                instrument = _at(row, self.prices[name])
                return f"{formatting.price(value, instrument.tick_size)}{formatting.NO_BREAK_SPACE}{instrument.quote}"
            unit = _at(row, self.units[name]) if name in self.units else ""
            return formatting.amount(value, unit) if unit else formatting.quantity(Decimal(str(value)))

        verbose = str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # a column
        column.__name__ = name
        column.short_description = verbose  # type: ignore[attr-defined]  # how the admin asks for a heading
        column.admin_order_field = name  # type: ignore[attr-defined]
        return column


def _at(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name) if name else row
    return row


class Written:
    """Forms whose texts hold what a text may hold."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if written := WRITTEN.get(type(db_field)):
            kwargs.setdefault("form_class", written)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # beside Django's


class OurInline(Written, TabularInline):
    """Rows of another table under their parent."""


class OurAdmin(Written, ModelAdmin):
    """What every table has in common."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Django asks the database for whatever was chosen, which refuses what cannot be a key with an error."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
        except ValidationError:
            self.message_user(request, "Choose rows of this list: what was sent is none.", messages.ERROR)
            return None
        answer: HttpResponse | None = super().response_action(request, queryset)
        return answer


class ExplainedAdmin(InUnits, OurAdmin):
    """A table whose fields are called and explained as the glossary does."""

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.written(super().get_list_display(request), self.model)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        names = [field.name for field in self.opts.concrete_fields]
        explained = {"labels": glossary.labels(names), "help_texts": glossary.helps(names)}
        return super().get_form(request, obj, change, **(explained | kwargs))


class AuditedAdmin(OurAdmin):
    """A table that operators may change. Each change stands in the log of whoever the row belongs to."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        earlier = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        names = [name for name in form.changed_data if name not in SECRET_FIELDS]
        note(
            request,
            obj,
            "changed" if change else "added",
            before=_values(earlier, names) if earlier else {},
            after=_values(obj, names) | {name: "set" for name in form.changed_data if name in SECRET_FIELDS},
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        names = [field.name for field in obj._meta.concrete_fields if field.name not in SECRET_FIELDS]
        note(request, obj, "deleted", before=_values(obj, names))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


def note(request: HttpRequest, obj: Any, done: str, **values: Any) -> None:
    """Write that the operator has `done` something to `obj`; what belongs to nobody stands in their own log."""
    operator: Any = request.user
    owner_id = obj.pk if obj._meta.label == "users.User" else getattr(obj, "owner_id", operator.pk)
    name = str(obj._meta.verbose_name).capitalize()
    record(Area.OPERATOR, f"{name} {done}", owner_id=owner_id, subject=obj, **values)


def _values(obj: Model, names: list[str]) -> dict[str, Any]:
    """The concrete fields among `names`, related rows in words."""
    known = {field.name for field in obj._meta.concrete_fields}
    return {name: getattr(obj, name) for name in names if name in known}


class SwitchAdmin(ExplainedAdmin, AuditedAdmin):
    """Rows that others make and whose history stays: operators change the fields in `switches` and nothing else."""

    switches: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for name in self.get_fields(request, obj) if name not in self.switches)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.opts.concrete_fields]


class ReadOnlyAdmin(ReadOnly, ExplainedAdmin):
    """A list and a page to read."""

    show_full_result_count = False


class ReadOnlyInline(InUnits, ReadOnly, OurInline):
    """Rows of another table under their parent, to read."""

    extra = 0
    show_change_link = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.written(super().get_fields(request, obj), self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **(kwargs | {"fields": ()}))  # nothing is asked for

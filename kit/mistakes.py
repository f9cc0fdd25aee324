"""What is said of a field that is not what the API asks for: our own sentence for every kind of mistake.

Pydantic names the kind and says it in words for programmers; none of them reaches a caller. A kind that nobody has
written a sentence for is told by the last one here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

NUMBER: Final = 'It has to be a number in plain digits as a string, such as "1250.5".'
WHOLE: Final = "It has to be a whole number."
YES_OR_NO: Final = "It has to be true or false."
TEXT: Final = "It has to be text."
LIST: Final = "It has to be a list."
OBJECT: Final = "It has to be an object."
ID: Final = "It has to be an id, such as 3f1c2a9e-8d54-4c1f-9b7a-0e6d5c4b3a21."
DAY: Final = "It has to be a day, such as 2026-10-31."
MOMENT: Final = "It has to be a moment with its time zone, such as 2026-10-31T12:00:00Z."
EMPTY: Final = "It cannot be empty."
OTHERWISE: Final = "It is not what is asked for here: the description of the API says what is."

# By the kind of the mistake; the values in braces come with it.
SAID: Final[Mapping[str, str]] = {
    "missing": "It is needed.",
    "extra_forbidden": "There is no such field here.",
    "none_required": "Leave it out, or send null.",
    "invalid_key": "Its names have to be text.",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "greater_than": "It has to be above {gt}.",
    "greater_than_equal": "It has to be at least {ge}.",
    "less_than": "It has to be below {lt}.",
    "less_than_equal": "It has to be at most {le}.",
    "multiple_of": "It has to be a multiple of {multiple_of}.",
    "finite_number": "It has to be a finite number.",
    "string_type": TEXT,
    "string_sub_type": TEXT,
    "string_unicode": "It has to be text in UTF-8.",
    "string_too_short": "It needs at least {min_length} characters.",
    "string_too_long": "It has at most {max_length} characters.",
    "string_pattern_mismatch": OTHERWISE,
    "too_short": "It needs at least {min_length} of them.",
    "too_long": "It has at most {max_length} of them.",
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "int_parsing_size": "It is larger than any number here.",
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "decimal_type": NUMBER,
    "decimal_parsing": NUMBER,
    "decimal_max_digits": "It has at most {max_digits} digits.",
    "decimal_max_places": "It has at most {decimal_places} decimals.",
    "decimal_whole_digits": "It has at most {whole_digits} digits before the point.",
    "bool_type": YES_OR_NO,
    "bool_parsing": YES_OR_NO,
    "list_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "frozen_set_type": LIST,
    "iterable_type": LIST,
    "dict_type": OBJECT,
    "mapping_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "dataclass_type": OBJECT,
    "enum": "Choose one of {expected}.",
    "literal_error": "Choose one of {expected}.",
    "union_tag_invalid": "Choose one of {expected_tags} for {discriminator}.",
    "union_tag_not_found": "Say its {discriminator}.",
    "uuid_type": ID,
    "uuid_parsing": ID,
    "uuid_version": ID,
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
    "date_past": "It has to be a day that is over.",
    "date_future": "It has to be a day to come.",
    "datetime_type": MOMENT,
    "datetime_parsing": MOMENT,
    "datetime_object_invalid": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "datetime_past": "It has to be a moment that is over.",
    "datetime_future": "It has to be a moment to come.",
    "timezone_aware": MOMENT,
    "timezone_naive": MOMENT,
    "time_type": "It has to be a time of day, such as 12:30.",
    "time_parsing": "It has to be a time of day, such as 12:30.",
    "time_delta_type": "It has to be a length of time, such as PT15M.",
    "time_delta_parsing": "It has to be a length of time, such as PT15M.",
    "url_type": "It has to be an address, such as https://example.com.",
    "url_parsing": "It has to be an address, such as https://example.com.",
    "url_scheme": "It has to be an address, such as https://example.com.",
    "url_too_long": "It has at most {max_length} characters.",
    "json_invalid": "It has to be JSON.",
    "json_type": "It has to be JSON.",
}


def mistakes(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is wrong with a request: a sentence by the name of each field, as the caller wrote it ("" of a whole body).

    Ninja puts the kind of the parameter in front of the name, and for a body the argument that takes it.
    """
    found = {}
    for error in errors:
        source, *names = error["loc"]
        name = ".".join(str(part) for part in (names[1:] if source == "body" else names))
        found[name] = _said(error) if name else "Send a JSON object."
    return found


def look_again(names: Iterable[str]) -> str:
    """What is wrong with several fields, in one sentence: each has one of its own."""
    *some, last = names
    return f"Look again at {', '.join(some)} and {last}." if some else f"Look again at {last}."


def _said(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], dict(error.get("ctx") or {})
    if kind in {"string_too_short", "too_short"} and context["min_length"] == 1:
        return EMPTY
    return SAID.get(kind, OTHERWISE).format_map(context)

"""What changed from one JSON value to the next, as a JSON Patch (RFC 6902).

Only paths that are there: a client that cannot apply one operation leaves out all of them, and its state is old from
then on. So everything is added, replaced or removed at a path of the value before, as the operations before it left it.
"""

from typing import Any, Final

Operation = dict[str, Any]
_ROOT: Final = ""


def difference(old: Any, new: Any, path: str = _ROOT) -> list[Operation]:
    """The operations that make `new` of `old`; none where they are the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _of_objects(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _of_lists(old, new, path)
    return [] if _is_same(old, new) else [{"op": "replace", "path": path, "value": new}]


def _is_same(old: Any, new: Any) -> bool:
    """As JSON has it: true is not 1, which Python takes for the same."""
    return type(old) is type(new) and old == new


def _of_objects(old: dict[str, Any], new: dict[str, Any], path: str) -> list[Operation]:
    found: list[Operation] = [{"op": "remove", "path": _at(path, name)} for name in old if name not in new]
    for name, value in new.items():
        if name in old:
            found += difference(old[name], value, _at(path, name))
        else:
            found.append({"op": "add", "path": _at(path, name), "value": value})
    return found


def _of_lists(old: list[Any], new: list[Any], path: str) -> list[Operation]:
    both = min(len(old), len(new))
    found = [change for number in range(both) for change in difference(old[number], new[number], _at(path, number))]
    found += [{"op": "remove", "path": _at(path, number)} for number in range(len(old) - 1, both - 1, -1)]
    return found + [{"op": "add", "path": _at(path, "-"), "value": value} for value in new[both:]]


def _at(path: str, name: str | int) -> str:
    return f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}"

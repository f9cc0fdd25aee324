"""No statement names a table of another app.

What an app needs of another in SQL is a function or a view that the owning app's migrations make, so that a table can
be changed by looking at one folder. Foreign keys are the exception, as in the models.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings

ROOT: Path = settings.BASE_DIR
PACKAGES = ("kit", "markets", "wallets", "trading", "portfolio", "farms", "goals", "moniqo")
EXEMPT = {
    ROOT / "moniqo/schema.sql",  # the sum of all migrations
    # They multiply rows on a server of their own, which no service would do.
    ROOT / "moniqo/benches/goals.py",
    ROOT / "moniqo/benches/growth.py",
    ROOT / "moniqo/benches/proving.py",
    ROOT / "moniqo/benches/snapshots.py",
    ROOT / "moniqo/retention.py",  # says of every table how long its rows are kept
    # It counts in the books of a scratch instance, past all the code that it is to judge.
    ROOT / "moniqo/drills/accounts.py",
}

SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|JOIN|TRUNCATE|ALTER TABLE|CREATE)\b")
KEYS = re.compile(r"\bREFERENCES\s+\w+", re.IGNORECASE)


def tables() -> dict[str, str]:
    """Every table of ours with the package that owns it."""
    return {
        model._meta.db_table: model.__module__.split(".")[0]
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.split(".")[0] in PACKAGES
    }


def statements() -> Iterator[tuple[Path, str]]:
    """Every text in our sources that looks like SQL or is the name of a table, docstrings aside."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path in EXEMPT:
                continue
            if path.suffix == ".sql":
                yield path, path.read_text()
            elif path.suffix == ".py":
                known = tables()
                yield from ((path, text) for text in strings(path.read_text()) if SQL.search(text) or text in known)


def strings(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def trespasses(path: Path, text: str) -> set[str]:
    package, owners = path.relative_to(ROOT).parts[0], tables()
    named = set(re.findall(r"\b[a-z]+_[a-z]+\b", KEYS.sub("", text)))
    return {name for name in named & owners.keys() if owners[name] != package}


def test_no_statement_names_a_table_of_another_app() -> None:
    found = [
        (str(path.relative_to(ROOT)), sorted(names)) for path, text in statements() if (names := trespasses(path, text))
    ]
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    text = "SELECT * FROM wallets_account JOIN trading_order USING (owner_id)"
    assert trespasses(ROOT / "portfolio/services.py", text) == {"wallets_account", "trading_order"}
    assert trespasses(ROOT / "wallets/services.py", text) == {"trading_order"}
    assert trespasses(ROOT / "portfolio/migrations/0001_initial.py", "owner_id uuid REFERENCES users_user") == set()
    assert list(strings('"""Not SELECT."""\nX = "SELECT FROM y"\n')) == ["SELECT FROM y"]
    assert {path.suffix for path, _ in statements()} == {".py", ".sql"}

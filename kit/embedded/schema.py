"""The database as the migrations leave it, as one file: an empty database takes it in a fraction of a second.

Replaying the migrations takes half a minute, nearly all of it Django drawing up its models again after each step.
`make schema` replays them once on a server of its own and writes down what came out, `moniqo/schema.sql`; a test
compares the two. The file names the migrations that it stands for, each with the checksum of its source. Migrations
that are not in it yet run after it, as always; when one that is in it has been changed or removed since, the file is
passed over and everything is replayed: a stale file is slow, never wrong.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from kit.embedded.environment import DATABASE_VARIABLES, ROOT
from kit.embedded.postgres import APP, OWNER, SUPERUSER, SYSTEM, Postgres
from kit.embedded.process import ServiceError
from kit.embedded.programs import run_program
from kit.roles import adviser_of, default_privileges, no_default_privileges

FILE = ROOT / "moniqo" / "schema.sql"

_HEAD = """\
-- What the migrations make of an empty database. Written by `make schema`; a test compares it with the migrations.
-- After a change of migrations, or a conflict in this file, run `make schema` again: it is never edited by hand.
"""
_NAMED = re.compile(r"^-- migration (\w+) (\w+) ([0-9a-f]+|-)$", re.MULTILINE)
_ENTRY = re.compile(
    r"^--\n-- (?:Data for )?Name: (?P<name>.*); Type: (?P<type>[A-Z ]+); Schema: .*; Owner: .*\n--\n", re.MULTILINE
)
_APPLIED = re.compile(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00'\)")
_NEVER = {"SCHEMA", "DEFAULT ACL"}  # what `create_roles` makes
_LOADED = "loaded"
_MONTHS = "public.*_[0-9][0-9][0-9][0-9][0-9][0-9]"  # of tables by months: whoever loads the file makes those of then
_ELSEWHERE = "-"  # in place of a checksum: the migration belongs to an installed package
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('moniqo migrate', 0))"
# What `restore --replace` gives up keeps this name until the new one is complete.
ASIDE = "before_restore"
# Every app whose rows cursors read makes such a function: this server counts its transactions otherwise than the one
# that the rows come from.
_BEGIN_ANEW = """
SELECT quote_ident(proname) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname LIKE '%\\_cursors\\_begin\\_anew' ORDER BY proname
"""
_EMPTY = "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
# What the preamble of a dump sets: names are written out, and functions may stand before what they use.
_PREAMBLE = (
    "SET LOCAL search_path = ''; SET LOCAL check_function_bodies = false; SET LOCAL client_min_messages = warning;"
)


def load(*, owner_url: str, app_url: str, system_url: str, file: Path = FILE) -> bool:
    """Fill the database if it is empty; False when it is not, or when the file is older than the migrations it names.

    Roles are those of the three addresses, whatever they are called. Either everything is there afterwards or nothing.
    """
    text = file.read_text() if file.exists() else ""
    if not is_true(text):
        return False
    app, system = (unquote(urlsplit(url).username or "") for url in (app_url, system_url))
    with psycopg.connect(owner_url) as connection:
        connection.execute(_LOCK)  # several machines may be started at once
        mend(connection)  # an empty schema beside what a restore set aside is no empty database
        if not is_empty(connection):
            return False
        _fill(connection, text, app=app, system=system)
        connection.execute("SELECT public.months_make_ahead()")
    return True


def load_from_environment() -> bool:
    """`load` into the database that the environment names."""
    app, owner, system = (os.environ.get(name, "") for name in DATABASE_VARIABLES)
    return bool(app and owner and system) and load(owner_url=owner, app_url=app, system_url=system)


def is_current(url: str) -> bool:
    """Whether the database at `url` has seen every migration that there is; asked of the files, without Django."""
    listed = {(app, name) for app, name, _ in named(FILE.read_text())} if FILE.exists() else set()
    wanted = listed | {(app, name) for app, name, _ in _sources()}
    with psycopg.connect(url) as connection:
        known = connection.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL").fetchone()
        if not listed or not (known and known[0]):
            return False
        applied = set(connection.execute("SELECT app, name FROM public.django_migrations"))
    return wanted <= applied


def mend(connection: psycopg.Connection) -> None:
    """Tidy up after a replacement that was cut off: what was set aside comes back unless the new one is complete.

    pg_restore fills the new schema in one transaction, so it is complete as soon as it has a table.
    """
    row = connection.execute(
        "SELECT to_regnamespace(%s) IS NOT NULL, EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')", [ASIDE]
    ).fetchone()
    is_set_aside, is_complete = row or (False, False)
    if is_set_aside and is_complete:
        let_cursors_begin_anew(connection)
        connection.execute(f"DROP SCHEMA {ASIDE} CASCADE".encode())
    elif is_set_aside:
        with connection.transaction():
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public".encode())


def let_cursors_begin_anew(connection: psycopg.Connection) -> None:
    """Tell the apps that their rows come from another server; doing it twice changes nothing."""
    with connection.transaction():
        for (name,) in connection.execute(_BEGIN_ANEW).fetchall():
            connection.execute(f"SELECT public.{name}()".encode())


def is_empty(connection: psycopg.Connection) -> bool:
    """Whether the database has no table, view or sequence of anybody's."""
    row = connection.execute(_EMPTY).fetchone()
    return bool(row and row[0])


def replayed() -> str:
    """The text of the file, made anew: all migrations on a server of its own. Takes half a minute.

    PostgreSQL writes some expressions otherwise once it has read its own dump, so what is returned has been loaded.
    """
    with tempfile.TemporaryDirectory(prefix="moniqo-schema-") as name:
        root = Path(name)
        root.chmod(0o755)  # as root the server runs as nobody, who must be able to enter
        server = Postgres(root / "postgres", fsync=False)
        server.start()
        try:
            roles = zip(DATABASE_VARIABLES, (APP, OWNER, SYSTEM), strict=True)
            addresses = {variable: server.url(role) for variable, role in roles}
            # Not by manage.py, which would load the file that is being made.
            command = [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--database=owner", "--verbosity=0"]
            environment = os.environ | addresses | {"DJANGO_SETTINGS_MODULE": "moniqo.settings"}
            result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
            if result.returncode:
                raise ServiceError(f"The migrations do not run: {result.stderr.strip()[-2000:]}")
            with psycopg.connect(server.url(SUPERUSER), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {_LOADED} OWNER {OWNER}")
            with psycopg.connect(server.url(OWNER, _LOADED)) as connection:
                _fill(connection, dumped(server.url(SUPERUSER)), app=APP, system=SYSTEM)
            return dumped(server.url(SUPERUSER, _LOADED))
        finally:
            server.stop()


def dumped(url: str) -> str:
    """The database at `url` as the text of the file. `url` names a superuser, or whoever sees every row."""
    text = run_program(
        "pg_dump", url, "--no-owner", "--inserts", "--rows-per-insert=1000", f"--exclude-table={_MONTHS}"
    )
    entries = list(_ENTRY.finditer(text))
    ends = [entry.start() for entry in entries[1:]] + [text.rindex("--\n-- PostgreSQL database dump complete")]
    kept = (
        text[entry.start() : end]
        for entry, end in zip(entries, ends, strict=True)
        if entry["type"] not in _NEVER and not entry["name"].startswith("SCHEMA ")
    )
    body = "".join(kept)
    with psycopg.connect(url) as connection:
        applied = connection.execute("SELECT app, name FROM public.django_migrations ORDER BY app, name").fetchall()
    checksums = {(app, name): checksum for app, name, checksum in _sources()}
    lines = (f"-- migration {app} {name} {checksums.get((app, name), _ELSEWHERE)}\n" for app, name in applied)
    return _HEAD + "".join(lines) + "\n" + _APPLIED.sub("now())", body).rstrip() + "\n"


def _fill(connection: psycopg.Connection, text: str, *, app: str, system: str) -> None:
    users = (app, system)
    for statement in no_default_privileges(users):
        connection.execute(statement)
    connection.execute(
        (_PREAMBLE + _for_roles(text, {APP: app, SYSTEM: system, adviser_of(APP): adviser_of(app)})).encode()
    )
    for statement in default_privileges(users):
        connection.execute(statement)


def is_true(text: str) -> bool:
    """Whether the migrations that the file names are still those of the sources."""
    now = {(app, name): checksum for app, name, checksum in _sources()}
    listed = named(text)
    return bool(listed) and all(
        checksum == _ELSEWHERE or now.get((app, name)) == checksum for app, name, checksum in listed
    )


def named(text: str) -> list[tuple[str, str, str]]:
    """App label, name and checksum of each migration that the file stands for."""
    return _NAMED.findall(text)


def _sources() -> Iterator[tuple[str, str, str]]:
    """App label, name and checksum of each of our migrations. SQL files beside them count as part of each."""
    for folder in sorted(ROOT.glob("*/migrations")) + sorted(ROOT.glob("*/*/migrations")):
        if "node_modules" in folder.parts or ".venv" in folder.parts:
            continue
        beside = b"".join(file.read_bytes() for file in sorted(folder.glob("*.sql")))
        for file in sorted(folder.glob("[0-9]*.py")):
            digest = hashlib.sha256(file.read_bytes() + beside).hexdigest()
            yield folder.parent.name, file.stem, digest[:16]


def _for_roles(text: str, names: Mapping[str, str]) -> str:
    """The same privileges for roles of other names."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(("GRANT ", "REVOKE ")):
            for written, name in names.items():
                line = re.sub(rf"\b{written}\b", lambda _, name=name: sql.Identifier(name).as_string(), line)  # type: ignore[misc]
            lines[number] = line
    return "".join(lines)

"""Lists on their way to PostgreSQL, where many rows are inserted as one array for each column.

psycopg escapes every quote of every element with a regular expression of its own, which for a column of JSON takes
longer than all else that inserting its rows takes. Here each element is quoted, which PostgreSQL takes for any type,
and escaped by two replacements.
"""

import psycopg
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper


class QuotingListDumper(ListDumper):
    """Writes what `ListDumper` writes, but for quotes around elements that need none."""

    def dump(self, obj: list[object]) -> Buffer | None:
        if self.sub_dumper is None or any(isinstance(item, list) for item in obj):
            return super().dump(obj)
        dump = self.sub_dumper.dump
        return b"{%b}" % self.delimiter.join(_element(None if item is None else dump(item)) for item in obj)


def register() -> None:
    """Have every connection that is made from here on write its lists so."""
    psycopg.adapters.register_dumper(list, QuotingListDumper)


def _element(text: Buffer | None) -> bytes:
    if text is None:
        return b"NULL"
    return b'"%b"' % bytes(text).replace(b"\\", b"\\\\").replace(b'"', b'\\"')

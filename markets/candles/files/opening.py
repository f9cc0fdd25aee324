"""A file's text, whatever it is packed and encoded in. What a file is, its first bytes say; names may lie."""

import codecs
import gzip
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Final

from kit.errors import InvalidInputError

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_FOREIGN: Final = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\xd0\xcf\x11\xe0": "Excel",
    b"SQLite": "SQLite",
}
# The longer ones first: UTF-32's mark begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# How far into a file without a mark is looked for the zero bytes that UTF-16 has and no CSV file may have.
_PROBE: Final = 1_000
_FEW: Final = 0.1


def text_of(path: Path) -> str:
    """The decoded text. Raises InvalidInputError for what cannot be read, unpacked or decoded."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"Give a readable file: {path} is not ({error.strerror or error}).") from error
    try:
        if raw.startswith(_GZIP):
            raw = gzip.decompress(raw)
        elif raw.startswith(_ZIP):
            raw = _unzipped(path.name, raw)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"Fetch {path.name} again: its compressed data end early or are damaged ({error})."
        ) from error
    for magic, kind in _FOREIGN.items():
        if raw.startswith(magic):
            raise InvalidInputError(f"Turn {path.name} into CSV, plain, gzipped or zipped: it is a {kind} file.")
    return _decoded(path.name, raw)


def _unzipped(name: str, raw: bytes) -> bytes:
    """The one file of the archive."""
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        members = [member for member in archive.namelist() if not member.endswith("/") and "__MACOSX" not in member]
        tables = [member for member in members if member.lower().endswith((".csv", ".txt"))] or members
        if len(tables) != 1:
            found = ", ".join(tables[:3]) or "nothing"
            raise InvalidInputError(f"Unpack {name} and give one file of it: it holds {found}.")
        try:
            return archive.read(tables[0])
        except (RuntimeError, NotImplementedError) as error:  # a password, or a method that Python does not know
            raise InvalidInputError(f"Unpack {name} yourself: {error}.") from error


def _decoded(name: str, raw: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
    if encoding is None and b"\0" in raw[:_PROBE]:
        encoding = _without_mark(raw[:_PROBE])
    try:
        text = raw.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise InvalidInputError(f"Save {name} as UTF-8: it is damaged as {encoding}.") from error
        # Figures are ASCII in every code page, and so are the names of columns that are known.
        text = raw.decode("latin-1")
    if "\0" in text[:_PROBE]:
        raise InvalidInputError(f"Give a text file of comma-separated values: {name} is a binary one.")
    return text


def _without_mark(raw: bytes) -> str:
    """Of figures in UTF-16 nearly every second byte is zero; anything else with zeros is no text, whatever it is."""
    even, odd = (raw[start::2].count(0) / max(1, len(raw[start::2])) for start in (0, 1))
    if even < _FEW and odd > 1 - _FEW:
        return "utf-16-le"
    return "utf-16-be" if odd < _FEW and even > 1 - _FEW else "utf-8"

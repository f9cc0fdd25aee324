"""What a development machine does not need to be told: where data live, and secrets generated at the first run.

Everything here ends up in environment variables, because that is all that production sets; a variable that is set
already wins. In production nothing is generated: settings name what is missing.
"""

import base64
import errno
import json
import os
import secrets
from pathlib import Path

from kit.embedded.process import ServiceError, read_sound, whoami
from kit.files import write_private

ROOT = Path(__file__).resolve().parents[2]
DATABASE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL")
_ENCRYPTION_KEY_BYTES = 32


def data_directory() -> Path:
    """MONIQO_DATA, else `var/` in the checkout. Exists afterwards."""
    directory = Path(os.environ.get("MONIQO_DATA") or ROOT / "var").resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not directory.is_dir():
            raise NotADirectoryError
        _try_to_write(directory)
    except (FileExistsError, NotADirectoryError) as error:
        raise ServiceError(f"The data folder {directory} is a file: set MONIQO_DATA to a folder.") from error
    except OSError as error:
        raise ServiceError(f"{_reason(error, directory)}: {_remedy(error)}") from error
    return directory


def _try_to_write(directory: Path) -> None:
    """Raise OSError where nothing can be written, which permissions alone do not say."""
    probe = directory / f".writable-{os.getpid()}"
    probe.touch()
    probe.unlink()


def _reason(error: OSError, directory: Path) -> str:
    said = {
        errno.EROFS: "is on a disk that can only be read",
        errno.ENOSPC: "is on a full disk",
        errno.ENAMETOOLONG: "has a path that is too long",
        errno.EACCES: f"belongs to somebody else, and {whoami()} cannot write there",
        errno.EPERM: f"belongs to somebody else, and {whoami()} cannot write there",
    }
    return f"The data folder {directory} {said.get(error.errno or 0, f'cannot be used ({error.strerror})')}"


def _remedy(error: OSError) -> str:
    return "make room there." if error.errno == errno.ENOSPC else "set MONIQO_DATA to a folder of your own."


def is_production() -> bool:
    return os.environ.get("MONIQO_ENV") == "production"


def prepare(directory: Path) -> None:
    """Put the data directory and the development secrets into the environment."""
    os.environ["MONIQO_DATA"] = str(directory)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(directory / "numba"))
    if is_production():
        return
    for name, value in _secrets(directory / "secrets.json").items():
        if not os.environ.get(name):
            os.environ[name] = value


def new_encryption_key() -> str:
    """A key for MONIQO_CREDENTIAL_KEYS: 32 random bytes as url-safe base64; `kit.sealing` says what becomes of it."""
    return base64.urlsafe_b64encode(os.urandom(_ENCRYPTION_KEY_BYTES)).decode()


def _secrets(path: Path) -> dict[str, str]:
    if path.exists():
        return read_sound(path, "without the keys in it stored exchange credentials cannot be read")
    generated = {
        "MONIQO_SECRET_KEY": secrets.token_urlsafe(64),
        "MONIQO_CREDENTIAL_KEYS": new_encryption_key(),
    }
    write_private(path, json.dumps(generated, indent=2))
    return generated

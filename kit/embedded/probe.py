"""Ask an address of ours over HTTP."""

import http.client
import urllib.error
import urllib.request

_SECONDS = 5


def get(url: str, *, host: str = "", seconds: float = _SECONDS) -> tuple[int, str]:
    """Status and body of `url`, with another Host header if given; status 0 and the reason when nobody answers."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310 - callers pass http://
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:  # noqa: S310 - as above
            return int(response.status), response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, http.client.HTTPException) as error:  # whoever answers may be killed in the middle of it
        return 0, str(error)

"""How a password signs in: counted before it is looked at."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from kit.users import security, throttle
from kit.users.models import User


class CountedBackend(ModelBackend):
    """Django's, which looks at no password of who tried too often. `axes` stands before it and locks after five."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **given: Any
    ) -> Any:
        """The person, or None. Raises TooManyAttemptsError."""
        if request is None or not username or password is None:
            return None
        throttle.count_sign_in(request, username, is_known=lambda address: _came_from(username, address))
        found = super().authenticate(request, username=username, password=password, **given)
        if found is not None:
            throttle.forgive_sign_in(request, username)
        return found

    def get_user(self, user_id: Any) -> User | None:
        """Whose session it is, with the hash that every session is compared with: one statement for each request."""
        found = User.objects.with_hash(user_id)
        return found if found is not None and self.user_can_authenticate(found) else None


def _came_from(email: str, address: str | None) -> bool:
    user = User.objects.filter(email__iexact=email.strip()).first()
    return user is not None and security.has_signed_in_from(user, address)

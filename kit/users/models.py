"""People: a UUID, an email address to sign in with, and how they like to see their money."""

import uuid
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, ClassVar, TypeAlias

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import PermissionsMixin
from django.db import DEFAULT_DB_ALIAS, connection, models, router
from django.db.models.functions import Lower

from kit import clock, tenancy
from kit.models import Identified, Owned
from kit.statements import planned_once


class UserManager(BaseUserManager["User"]):
    """People without their passwords' hashes, which are asked for one at a time (`User.refresh_from_db`)."""

    def get_queryset(self) -> models.QuerySet["User"]:
        return super().get_queryset().defer("password")

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a trader. An empty password makes an account that cannot sign in until one is set."""
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator with every permission in the admin, as the only role that may."""
        operators = self.db_manager(tenancy.SYSTEM_DB_ALIAS)
        return operators.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def with_hash(self, user_id: uuid.UUID) -> "User | None":
        """The person with the hash of the password, asked for on behalf of whose it is: one statement."""
        if router.db_for_read(self.model) == tenancy.SYSTEM_DB_ALIAS:
            return self.get_queryset().defer(None).filter(pk=user_id).first()
        columns = ", ".join(str(field.column) for field in User._meta.concrete_fields if field.name != "password")
        asked = f"SELECT {columns}, users_password() AS password FROM"
        if connection.in_atomic_block:
            with tenancy.tenant(user_id):
                return next(iter(self.raw(f"{asked} users_user WHERE id = %s", [user_id])), None)
        # Outside of a transaction the setting lasts as long as the statement.
        of = "set_config('app.user_id', %s, true), users_user WHERE id = %s"
        return next(iter(self.raw(f"{asked} {of}", [str(user_id), user_id])), None)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A trader, or with `is_staff` an operator."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Numbers(models.TextChoices):
        COMMA_POINT = "1,234.56", "1,234.56"
        POINT_COMMA = "1.234,56", "1.234,56"
        SPACE_COMMA = "1 234,56", "1 234,56"
        SPACE_POINT = "1 234.56", "1 234.56"

    class Dates(models.TextChoices):
        WORDS = "23 Oct 2026", "23 Oct 2026"
        ISO = "2026-10-23", "2026-10-23"
        POINTS = "23.10.2026", "23.10.2026"
        DAY_FIRST = "23/10/2026", "23/10/2026"
        MONTH_FIRST = "10/23/2026", "10/23/2026"

    class Palette(models.TextChoices):
        GREEN_RED = "green-red", "Green and red"
        BLUE_ORANGE = "blue-orange", "Blue and orange"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=clock.now, editable=False)

    base_currency = models.CharField(max_length=12, default="USDT", help_text="The asset every value is shown in.")
    timezone = models.CharField(max_length=64, default="UTC")
    number_format = models.CharField(max_length=8, choices=Numbers, default=Numbers.COMMA_POINT)
    date_format = models.CharField(max_length=11, choices=Dates, default=Dates.WORDS)
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM)
    palette = models.CharField(max_length=16, choices=Palette, default=Palette.GREEN_RED)
    privacy = models.BooleanField(default=False, help_text="Mask every amount on the server.")
    shortcuts = models.BooleanField(default=True, help_text="Single-key shortcuts in the browser.")

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="users_email_case_insensitive",
                violation_error_message="Somebody has this e-mail address, perhaps in other capitals.",
            ),
        )

    def __str__(self) -> str:
        return self.email

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """The role that serves pages reads no hash but the tenant's: it is asked for on behalf of whose it is."""
        wanted, alias = None if fields is None else set(fields), using or self._state.db
        if wanted == {"password"} and alias != DEFAULT_DB_ALIAS:
            from_queryset = User._base_manager.using(alias).defer(None)  # `only` does not undo a manager's `defer`
        elif wanted == {"password"}:
            self.password = _own_hash(self.pk)
            return
        super().refresh_from_db(using, None if wanted is None else list(wanted), from_queryset)
        if wanted is None:
            self.__dict__.pop("password", None)  # asked for anew where it is needed

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the password. One that was hashed otherwise than today is hashed anew, which ends no token."""
        return check_password(raw_password, self.password, self._hash_anew)

    def _hash_anew(self, raw_password: str) -> None:
        old = [self.get_session_auth_hash(), *self.get_session_auth_fallback_hash()]
        self.set_password(raw_password)
        self._password = None
        with tenancy.tenant(self.pk):
            self.save(update_fields=("password",))
            Token.objects.filter(owner=self, password_mark__in=old).update(password_mark=self.get_session_auth_hash())

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


def _own_hash(user_id: uuid.UUID) -> str:
    """What the password is compared with."""
    found = User.objects.with_hash(user_id)
    if found is None:
        raise User.DoesNotExist
    return found.password


class TokenManager(models.Manager["Token"]):
    """Tokens."""

    def counting(self, token_id: uuid.UUID | str, owner_id: uuid.UUID | str) -> "Token | None":
        """The token of that person, if it is neither revoked nor over and the person active; with its owner, and the
        hash of the password. Asked for on behalf of whose it is: one statement of one round trip, since every request
        of a program begins with it.
        """
        if connection.in_atomic_block:
            with tenancy.tenant(owner_id):
                return self._counting(token_id, owner_id)
        # Outside of a transaction the setting lasts as long as the statement.
        return self._counting(token_id, owner_id)

    def _counting(self, token_id: uuid.UUID | str, owner_id: uuid.UUID | str) -> "Token | None":
        with planned_once(connection) as cursor:
            cursor.execute(_counting_sql(), [str(owner_id), str(token_id), clock.now()])
            row = cursor.fetchone()
        if row is None:
            return None
        cut = len(Token._meta.concrete_fields)
        found = Token.from_db(DEFAULT_DB_ALIAS, _names(Token), _read(Token, row[:cut]))
        found.owner = User.from_db(DEFAULT_DB_ALIAS, _names(User), _read(User, row[cut:]))
        return found


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _read(model: type[models.Model], row: Sequence[Any]) -> list[Any]:
    """The values as their fields have them."""
    read = [getattr(field, "from_db_value", None) for field in model._meta.concrete_fields]
    return [value if of is None else of(value, None, connection) for of, value in zip(read, row, strict=True)]


@cache
def _counting_sql() -> str:
    """Who asks is said first: what stands behind a LATERAL is looked up for each row before it, and not before."""
    of_token = ", ".join(f"token.{name}" for name in _names(Token))
    of_owner = ", ".join("users_password()" if name == "password" else f"person.{name}" for name in _names(User))
    return f"""
        SELECT {of_token}, {of_owner}
        FROM (SELECT set_config('app.user_id', %s, true)::uuid AS id OFFSET 0) AS asked
        CROSS JOIN LATERAL (
            SELECT * FROM users_token
            WHERE id = %s::uuid AND owner_id = asked.id AND revoked_at IS NULL AND expires_at > %s::timestamptz
            OFFSET 0
        ) AS token
        JOIN users_user AS person ON person.id = token.owner_id AND person.is_active
    """  # noqa: S608 - names of our own


class TokenKind(models.TextChoices):
    SIGN_IN = "sign_in", "Signed in"
    PERSONAL = "personal", "Made in the settings"


class Token(Identified, Owned):
    """What a program signs in with: its name, what it may do, and until when. The token itself is kept nowhere.

    A program holds a signed text that names this row, so that revoking the row ends it at once. The row also carries
    a fingerprint of the password it was made under: a change of the password, wherever it happens, ends every token.
    """

    Kind: TypeAlias = TokenKind

    class Scope(models.TextChoices):
        READ = "read", "Read everything"
        TRADE = "trade", "Place and cancel orders, start and pause farms and agents"
        MOVE = "move", "Move money"
        MANAGE = "manage", "Make and change wallets, farms and agents"
        LIMITS = "limits", "Change limits"
        AGENT = "agent", "Read, place and cancel orders, say what it asks for, and nothing else: for a trading agent"

    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=80)
    scopes = models.JSONField(help_text="List of scopes.")
    # No key: people stand below wallets, which tell what is whose (`kit.users.bindings`).
    wallet_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="Where a trading agent's program may act, and below it; empty: in all wallets.",
    )
    asks_first = models.BooleanField(
        default=False, help_text="It reads and asks; what there is no question for it may not do."
    )
    password_mark = models.CharField(max_length=128, editable=False)
    address = models.GenericIPAddressField(null=True, blank=True, help_text="Where it was made.")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("owner", "-created_at"), name="tokens_newest_first"),)

    def __str__(self) -> str:
        return self.name


class SecondFactor(Owned):
    """The key of an authenticator app, asked for after the password once it is confirmed."""

    secret = models.BinaryField(help_text="Encrypted, bound to its owner.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_step = models.BigIntegerField(
        default=0, help_text="Newest half minute whose code was used: none counts twice."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner",), name="second_factor_once_per_owner"),)

    def __str__(self) -> str:
        return "confirmed" if self.confirmed_at else "not confirmed"


class RecoveryCode(Owned):
    """A way in, once, for who has lost the authenticator. Only its digest is kept."""

    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="recovery_code_once"),)

    def __str__(self) -> str:
        return "used" if self.used_at else "not used"

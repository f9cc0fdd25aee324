"""Settings: one file, and everything that differs between a laptop and production comes from the environment.

In development `manage.py` starts what is missing and generates the secrets before this module is read
(see `kit.embedded`). In production nothing has a default: a missing or well-known secret stops the start.
"""

import os
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from kit import impatient
from moniqo import schedule

# Lets annotations such as ModelForm[User] be evaluated; Django's classes take no parameters by themselves.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ.get("MONIQO_ENV", "development")
PRODUCTION = ENVIRONMENT == "production"
WEB = os.environ.get("MONIQO_PROCESS") == "web"
# Only for whoever asks: the debug page shows code, settings and variables to everybody who can cause an error.
DEBUG = not PRODUCTION and os.environ.get("MONIQO_DEBUG", "0") == "1"
DEFAULT_EXCEPTION_REPORTER = "kit.debugging.MaskingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "kit.debugging.MaskingFilter"
DATA_DIR = Path(os.environ.get("MONIQO_DATA") or BASE_DIR / "var")
TESTING = "pytest" in sys.modules

if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured(f"MONIQO_ENV is {ENVIRONMENT!r}: set it to development or production.")


def _required(name: str, development: str) -> str:
    """The variable's value; in development the given one when it is not set, in production an error."""
    value = os.environ.get(name, "")
    if not value and PRODUCTION:
        raise ImproperlyConfigured(f"Set {name}: production has no default for it.")
    return value or development


def _database(url: str, *, pooled: bool = False) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("A database address looks like postgresql://user:password@host:5432/name.")
    options: dict[str, Any] = {"application_name": "moniqo", **dict(parse_qsl(parts.query))}  # ?sslmode=require
    options["prepare_threshold"] = 5  # of those that `kit.statements.planned_once` sends
    if pooled:
        # Whoever cannot get a connection is told so soon. A server that is away is tried anew by the next visitor: the
        # pool's own attempts would come minutes apart after a long outage.
        options["pool"] = {"min_size": 1, "max_size": 16, "timeout": 4, "reconnect_timeout": 5}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        # A pool and persistent connections exclude each other: the web process pools, everything else keeps one.
        "CONN_MAX_AGE": 0 if pooled else None,
        # A connection is asked whether it lives before a request or task gets it: after a restart of PostgreSQL every
        # one of the pool would otherwise fail once, in front of a visitor.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"MIGRATE": False},
    }


def _mail(url: str) -> dict[str, Any]:
    """The mail server and who it is written as: smtps://user:password@host?from=…, smtp:// for STARTTLS.

    `tls=off` beside `from` speaks in clear: only to a server on this machine.
    """
    if not url:
        return {}
    parts, more = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or "from" not in more:
        raise ImproperlyConfigured(
            "MONIQO_SMTP_URL looks like smtps://user:password@mail.example.com?from=moniqo@example.com, or smtp:// "
            "where TLS begins by STARTTLS."
        )
    is_secure = parts.scheme == "smtps"
    login = {
        "host": parts.hostname,
        "port": parts.port or (465 if is_secure else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": is_secure,
        "use_tls": not is_secure and more.get("tls") != "off",
    }
    return {"login": login, "sender": more["from"]}


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks with commas between them."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ImproperlyConfigured(
            f"MONIQO_TRUSTED_PROXIES lists addresses and networks, such as 127.0.0.1,10.0.0.0/8: {error}."
        ) from error


def _days(name: str, usual: int) -> int:
    """MONIQO_<name>_DAYS, one at least."""
    return max(int(os.environ.get(f"MONIQO_{name}_DAYS") or usual), 1)


def _three(text: str) -> tuple[int, int, int]:
    try:
        first, second, third = map(int, text.split(","))
    except ValueError as error:
        raise ImproperlyConfigured(f"MONIQO_SIGN_IN_LIMITS is {text!r}: three numbers such as 10,20,30.") from error
    return first, second, third


# --- secrets -----------------------------------------------------------------------------------------------------
DEVELOPMENT_SECRET = "development-only-and-refused-in-production"  # noqa: S105 - named so that production can refuse it
SECRET_KEY = _required("MONIQO_SECRET_KEY", DEVELOPMENT_SECRET)
CREDENTIAL_KEYS = [key for key in _required("MONIQO_CREDENTIAL_KEYS", "").split(",") if key]
if PRODUCTION and (SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured("MONIQO_SECRET_KEY is a default or shorter than 50 characters: generate a new one.")
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("MONIQO_SECRET_KEY_FALLBACKS", "").split(",") if key]

ALLOWED_HOSTS = [
    host for host in _required("MONIQO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",") if host
]
if not PRODUCTION and (bound_to := os.environ.get("MONIQO_HOST")):
    ALLOWED_HOSTS.append("*" if bound_to in {"0.0.0.0", "::"} else bound_to)  # noqa: S104 - a comparison, not a bind
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("MONIQO_TRUSTED_ORIGINS", "").split(",") if origin]

# --- database and redis --------------------------------------------------------------------------------------------
# Three roles of one database: the app (row-level security applies), the owner (migrations), the system (sees all).
_nowhere = "postgresql://nobody@127.0.0.1:1/moniqo"
DATABASE_URL = _required("DATABASE_URL", _nowhere)
DATABASES = {
    "default": _database(DATABASE_URL, pooled=WEB),
    "owner": _database(_required("DATABASE_OWNER_URL", DATABASE_URL)),
    "system": _database(_required("DATABASE_SYSTEM_URL", DATABASE_URL), pooled=WEB),
}
DATABASE_ROUTERS = ["kit.tenancy.TenancyRouter"]
# Requests that are worked on at once in one web process, fewer than its pool has connections; how many more may wait
# for their turn, and how long.
REQUESTS_AT_ONCE, REQUESTS_WAITING, REQUEST_WAIT_SECONDS = 12, 256, 5.0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _required("REDIS_URL", "redis://127.0.0.1:1/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": impatient.patience(),
    },
    # What a process counts by itself while Redis is away.
    "alone": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}

# --- applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "lucide",
    "template_partials",
    "moniqo",
    "moniqo.benches",
    "moniqo.demo",
    "moniqo.drills",
    "moniqo.simulation",
    "kit.users",
    "kit.audit",
    "kit.alerts",
    "kit.approvals",
    "markets",
    "wallets",
    "trading",
    "farms",
    "goals",
    "portfolio",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kit.compression.CompressionMiddleware",
    "kit.http.keep_private",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kit.users.middleware.BearerTokenMiddleware",
    "kit.users.rates.limit_rates",
    "kit.users.middleware.TooManyAttemptsMiddleware",
    "kit.audit.services.OriginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "moniqo.ui.middleware.FragmentMiddleware",
    "moniqo.ui.middleware.RefusedFormMiddleware",
    "moniqo.ui.middleware.DisplayMiddleware",
    "kit.users.middleware.TenancyMiddleware",
    "axes.middleware.AxesMiddleware",
    "moniqo.api.head_as_get",
    "moniqo.api.problems_only",
    "kit.http.refuse_nul",
]

ROOT_URLCONF = "moniqo.urls"
ASGI_APPLICATION = "moniqo.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "moniqo.ui.context.shell",
                "moniqo.ui.context.figures",
            ],
            "builtins": ["kit.templatetags.formats"],
        },
    }
]

# --- people --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "kit.users.backends.CountedBackend"]
PASSWORD_HASHERS = ["kit.users.hashing.BoundedArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "portfolio:home"
LOGOUT_REDIRECT_URL = "login"
SIGN_UP_OPEN = os.environ.get("MONIQO_SIGN_UP", "0") == "1"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours, as kit.api.PAUSE_SECONDS
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "kit.users.throttle.lock_name"
AXES_ENABLE_ADMIN = False  # kit/users/admin.py has its own, which the audit log follows
AXES_CLIENT_IP_CALLABLE = "kit.http.client_address"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "kit.users.throttle.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # the lockout by address alone is meant for sites without a user name

# --- security ------------------------------------------------------------------------------------------------------
# Proxies of our own in front of the web process, by address or network: their word on who asked them is believed.
TRUSTED_PROXIES = _networks(os.environ.get("MONIQO_TRUSTED_PROXIES", ""))
if os.environ.get("MONIQO_PROXIES", "0") != "0":
    raise ImproperlyConfigured(
        "MONIQO_PROXIES is gone: name the addresses of your proxies in MONIQO_TRUSTED_PROXIES, such as 127.0.0.1."
    )
# Tries to sign in within a quarter of an hour: at one account from one address (before the lock of five is written down
# many at once may come), at all accounts from one address, at one account from where its person never signed in.
SIGN_IN_LIMITS = _three(os.environ.get("MONIQO_SIGN_IN_LIMITS") or "10,20,30")
# Requests of the API that one token, and that one address, may make in a window; 0 counts nothing.
API_TOKEN_LIMIT = int(os.environ.get("MONIQO_API_TOKEN_LIMIT", "600"))
API_ADDRESS_LIMIT = int(os.environ.get("MONIQO_API_ADDRESS_LIMIT", "1200"))
# What writes, by page and API, of one token, session, or address; and pages of one session, and of one address.
WRITE_LIMIT = int(os.environ.get("MONIQO_WRITE_LIMIT", "240"))
# What computes for seconds while somebody waits: rules are checked on a thousand candles, again and again.
# By method and path, and by the field without which nothing is checked.
COSTLY = (
    ("POST", r"/api/v1/saved-strategies(/preview)?", ""),
    ("PATCH", r"/api/v1/saved-strategies/[^/]+", "parameters"),
)
COSTLY_LIMIT = int(os.environ.get("MONIQO_COSTLY_LIMIT", "30"))
PAGE_LIMIT = int(os.environ.get("MONIQO_PAGE_LIMIT", "1200"))
PAGE_ADDRESS_LIMIT = int(os.environ.get("MONIQO_PAGE_ADDRESS_LIMIT", "2400"))
API_WINDOW_SECONDS = 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "moniqo.ui.views.form_refused"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = os.environ.get("MONIQO_SSL_REDIRECT", "1") == "1"
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Plotly inserts one empty <style> element and sets style attributes; the hash is that of the empty string.
_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/",),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", _EMPTY_STYLE],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    },
}

# --- files ---------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
_modules = BASE_DIR / "node_modules"
# The first finder concatenates and compresses what pages load (moniqo/ui/assets.py); the others find it as it is.
STATICFILES_FINDERS = [
    "moniqo.ui.assets.AssetFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    *(
        (prefix, _modules / package)
        for prefix, package in (
            ("plotly", "plotly.js-finance-dist-min"),
            ("inter", "@fontsource-variable/inter"),
            ("idiomorph", "idiomorph/dist"),
        )
        if (_modules / package).is_dir()
    ),
]
_storage = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _storage},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

# --- language and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Celery --------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
# A request waits for the broker as long as for any Redis (`kit.impatient`); workers have time.
_patience = impatient.SECONDS if WEB else 10.0
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": _patience, "socket_connect_timeout": _patience}
if WEB:
    CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240

# --- what Moniqo does on its own -----------------------------------------------------------------------------------
FEED = os.environ.get("MONIQO_FEED", "simulated")  # or ccxt:<exchange>
FEED_SYMBOLS = [
    symbol
    for symbol in os.environ.get("MONIQO_FEED_SYMBOLS", "BTC/USDT,ETH/USDT,SOL/USDT,BNB/USDT").split(",")
    if symbol
]
# Of which exchanges of ccxt's people may fetch candles on the laboratory's page; the command may of any.
DOWNLOAD_EXCHANGES = [
    name for name in os.environ.get("MONIQO_DOWNLOAD_EXCHANGES", "binance,bybit,coinbase,kraken,okx").split(",") if name
]
# Where ccxt finds the exchange: only for tests and for proxies; empty means the exchange itself.
CCXT_BASE_URL = os.environ.get("MONIQO_CCXT_BASE_URL", "")
# How long an exchange may take to answer; an order without an answer by then is looked up, never repeated.
VENUE_TIMEOUT_MS = int(os.environ.get("MONIQO_VENUE_TIMEOUT_MS", "10000"))
FEED_SECONDS, SYNC_SECONDS = schedule.FEED_SECONDS, schedule.SYNC_SECONDS
# Where a venue tells by itself, it is asked this often all the same; figures that are three rounds old count as stale.
STREAM_CHECK_SECONDS = min(float(os.environ.get("MONIQO_STREAM_CHECK_SECONDS") or 2 * SYNC_SECONDS), 2.5 * SYNC_SECONDS)
PRICE_CHECK_SECONDS = float(os.environ.get("MONIQO_PRICE_CHECK_SECONDS", "60"))  # the same for prices
# A venue that says nothing for so long, not even in answer to a ping, counts as gone.
STREAM_SILENCE_SECONDS = float(os.environ.get("MONIQO_STREAM_SILENCE_SECONDS", "30"))
DEMO_LATENCY_MS = int(os.environ.get("MONIQO_DEMO_LATENCY_MS", "80"))  # what the paper exchange takes to answer
# What front ends of others watch (AG-UI): read again at most this often; how long a run lasts before the next begins.
AGUI_SECONDS = float(os.environ.get("MONIQO_AGUI_SECONDS", "0.5"))
AGUI_RUN_SECONDS = float(os.environ.get("MONIQO_AGUI_RUN_SECONDS", "300"))
# How long what is kept: moniqo/retention.py says of which tables, and why the others stay.
SYNC_LOG_DAYS = _days("SYNC_LOG", 30)
ALERT_DAYS = _days("ALERT", 90)  # since they were resolved
DELIVERY_DAYS = _days("DELIVERY", 30)
PLAN_DAYS = _days("PLAN", 7)  # that nobody applied
PROOF_DAYS = _days("PROOF", 90)
APPROVAL_DAYS = _days("APPROVAL", 365)  # what programs asked for, and the answer
REBALANCE_DAYS = _days("REBALANCE", 730)  # runs that moved money
REBALANCE_IDLE_DAYS = _days("REBALANCE_IDLE", 90)  # the others
SESSION_COOKIE_AGE = 14 * 86_400
SESSION_DAYS = 14
# How many workers of the whole installation are at the laboratory at the same time: one for each processor of theirs.
LABORATORY_WORKERS = max(int(os.environ.get("MONIQO_LABORATORY_WORKERS", "2")), 1)
# How many models are asked at the same time in the whole installation.
ADVICE_AT_ONCE = max(int(os.environ.get("MONIQO_ADVICE_AT_ONCE", "2")), 1)
AGENT_RUN_DAYS = _days("AGENT_RUN", 90)  # runs that placed no order; the others stay for ever
ORDER_LOG_DAYS = _days("ORDER_LOG", 365)  # steps and risk decisions of orders that were never filled
AUDIT_DAYS = _days("AUDIT", 2557)  # seven years: who did what
# What models were asked and said; budgets look back over 30 days of it.
ADVICE_DAYS = max(int(os.environ.get("MONIQO_ADVICE_DAYS") or 30), 30)
CALL_DAYS = _days("CALL", 90)  # what programs called through MCP and AG-UI
SNAPSHOT_DAYS = max(int(os.environ.get("MONIQO_SNAPSHOT_DAYS", "90")), 31)  # values of every five minutes
HOURLY_MONTHS = max(int(os.environ.get("MONIQO_HOURLY_MONTHS", "25")), 2)  # values of every hour; days stay for ever
CREDENTIAL_DAYS = int(os.environ.get("MONIQO_CREDENTIAL_DAYS", "180"))  # after them a connection's keys count as old
SIGN_IN_LOG_DAYS = _days("SIGN_IN_LOG", 90)

# --- where people are told beside the inbox ------------------------------------------------------------------------
SITE_URL = os.environ.get("MONIQO_SITE_URL", "")  # where people open this site; messages lead there
# Addresses that users name may lie in private networks: only where every user is trusted with what this server reaches.
CHANNELS_REACH_PRIVATE = os.environ.get("MONIQO_CHANNELS_REACH_PRIVATE", "0") == "1"
TELEGRAM_URL = os.environ.get("MONIQO_TELEGRAM_URL", "https://api.telegram.org")
SMTP = _mail(os.environ.get("MONIQO_SMTP_URL", ""))  # nothing: no mail is sent

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"outages": {"()": "kit.outages.ShortOutages"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["outages"]}},
    "loggers": {
        # At DEBUG it writes down the headers of every request, and with them the trader's keys.
        "ccxt": {"level": "INFO"},
        # It tells of every call that a session which nobody has is over.
        "mcp.server.streamable_http": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": os.environ.get("MONIQO_LOG_LEVEL", "INFO")},
}

UNFOLD = {
    "SITE_TITLE": "Moniqo operators",
    "SITE_HEADER": "Moniqo",
    "SHOW_HISTORY": True,
    "THEME": "moniqo.operators.theme",
    "SCRIPTS": [lambda request: static("js/admin.js")],
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/icon.svg")},
    ],
    "DASHBOARD_CALLBACK": "moniqo.operators.dashboard",
}

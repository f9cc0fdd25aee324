"""The platform: settings, urls, Celery, the API, users, live events and the small library every app uses."""

import decimal

# Sums of numeric(38,18) need more than Python's default 28 digits. DefaultContext is what new threads copy,
# so this one line covers the web threads, the worker processes and every management command.
DECIMAL_DIGITS = 60
decimal.DefaultContext.prec = DECIMAL_DIGITS
decimal.getcontext().prec = DECIMAL_DIGITS

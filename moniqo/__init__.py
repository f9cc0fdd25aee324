"""The roof: what knows every app. Settings, urls, schedule, the API, the home page, the demo trader and benchmarks."""

import decimal

# Sums of numeric(38,18) need more than Python's default 28 digits. DefaultContext is what new threads copy,
# so this one line covers the web threads, the worker processes and every management command.
DECIMAL_DIGITS = 60
decimal.DefaultContext.prec = DECIMAL_DIGITS
decimal.getcontext().prec = DECIMAL_DIGITS

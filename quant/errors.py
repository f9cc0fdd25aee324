"""What can be wrong with the data, parameters or constraints given to `quant`.

Every message is one sentence that says what to change. These errors are `ValueError`s of their own small family
because `quant` depends on nothing else in the project; callers translate them at their border.
"""


class QuantError(ValueError):
    """Base of everything `quant` raises on purpose: the input must be changed, retrying cannot help."""


class CandleError(QuantError):
    """Candles that cannot be traded on: wrong shapes, out of order, or impossible prices."""


class ParameterError(QuantError):
    """Strategy, backtest or metric parameters outside their schema or against each other.

    `field` is the one setting that has to change, where it is one.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnknownStrategyError(QuantError):
    """No strategy has this slug."""


class StrategyRuleError(QuantError):
    """A strategy broke a rule every strategy must keep, such as not looking ahead."""


class InfeasibleError(QuantError):
    """Allocation constraints that no weights can satisfy; the message names them and the smallest relaxation."""


class MissingPackageError(QuantError):
    """Something was asked for that needs a package which is not installed."""

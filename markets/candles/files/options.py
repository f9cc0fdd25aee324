"""The option that commands share: how many bad rows of a file may be left out."""

from argparse import ArgumentParser, ArgumentTypeError

from markets.candles.files import MOST_SKIPPED


def add_skip_bad(parser: ArgumentParser) -> None:
    """`--skip-bad [PERCENT]`, a fraction in the options: 0 without it, `MOST_SKIPPED` without a number."""
    parser.add_argument(
        "--skip-bad",
        nargs="?",
        type=_fraction,
        const=MOST_SKIPPED,
        default=0.0,
        metavar="PERCENT",
        help=f"Leave out bad rows, at most so many of all; {MOST_SKIPPED * 100:g} when no number is given.",
    )


def _fraction(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise ArgumentTypeError(f"write a percentage between 0 and 100, such as 2: {text!r} is none")
    return percent / 100

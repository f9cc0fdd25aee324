"""The screens a page is judged on: two in every run, all of them in the slow one."""

import pytest

USUAL = (("light", 1440), ("dark", 390))
SCREENS = [(scheme, width) for scheme in ("light", "dark") for width in (1440, 390, 320)]

every_screen = pytest.mark.parametrize(
    ("scheme", "width"),
    [pytest.param(*screen, marks=() if screen in USUAL else pytest.mark.slow) for screen in SCREENS],
)
usual_screens = pytest.mark.parametrize(("scheme", "width"), USUAL)

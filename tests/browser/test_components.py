"""Every component in every state, in both themes and at every width."""

from kit.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.screens import every_screen
from tests.browser.soundness import assert_page_is_sound

EVERYTHING_BYTES = 470_000  # more than any real page: every component at once


@every_screen
def test_the_component_page_is_sound(open_page: OpenPage, trader: User, width: int, scheme: str) -> None:
    visit = open_page("/ui/", user=trader, width=width, scheme=scheme)
    assert_page_is_sound(visit, byte_budget=EVERYTHING_BYTES)


def test_the_component_page_is_sound_while_amounts_are_hidden(open_page: OpenPage, trader: User) -> None:
    assert_page_is_sound(open_page("/ui/?privacy=1", user=trader), byte_budget=EVERYTHING_BYTES)

"""Every component in every state, in both themes and at every width."""

import pytest

from moniqo.users.models import User
from tests.browser.conftest import OpenPage
from tests.browser.soundness import CHART_PAGE_BYTES, assert_page_is_sound


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_component_page_is_sound(open_page: OpenPage, trader: User, width: int, scheme: str) -> None:
    visit = open_page("/ui/", user=trader, width=width, scheme=scheme)
    assert_page_is_sound(visit, byte_budget=CHART_PAGE_BYTES)

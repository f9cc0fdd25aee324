"""What an answer of the API is written as."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.http import HttpRequest
from ninja.responses import NinjaJSONEncoder

from kit.api import Renderer

pytestmark = pytest.mark.offline


def test_an_answer_says_what_ninjas_own_encoder_says() -> None:
    """Moments in milliseconds with a Z, amounts as they are, and whole numbers of any length."""
    moment = datetime(2026, 11, 28, 1, 2, 3, 456789, tzinfo=UTC)
    told = {
        "moment": moment, "whole second": moment.replace(microsecond=0), "day": date(2026, 11, 28), "id": uuid4(),
        "amount": Decimal("0.10"), "nothing": None, "words": "Gr\u00f6\u00dfe <b>",
        "length": timedelta(hours=1), "by": {7: [1.5]},
    }  # fmt: skip
    for value in (told, [told, 2**70]):
        written = Renderer().render(HttpRequest(), value, response_status=200)
        assert json.loads(written) == json.loads(json.dumps(value, cls=NinjaJSONEncoder))
    assert b'"2026-11-28T01:02:03.456Z"' in written

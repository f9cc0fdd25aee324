"""The program of docs/api.md does what it says, run as it stands against a running site."""

import os
import re
import subprocess
import sys
from decimal import Decimal
from threading import Event, Thread
from uuid import uuid4

from django.conf import settings
from django.db import connections

from goals.models import Goal
from kit import clock, tenancy
from markets.services import NewQuote, ensure_simulated_instruments, record_quotes
from tests.browser.conftest import Site
from tests.conftest import make_user
from trading.models import Order
from trading.services import execute_order
from wallets.models import Wallet
from wallets.venues.accounts import create_demo_connection


def work(stop: Event) -> None:
    """What a worker does until it is told to stop: send every order that was placed."""
    try:
        while not stop.wait(0.2):
            with tenancy.system():
                placed = list(Order.objects.filter(status=Order.Status.SUBMITTING).values_list("owner_id", "pk"))
            for owner_id, order_id in placed:
                execute_order(owner_id=owner_id, order_id=order_id)
    finally:
        connections.close_all()


def test_the_guides_program_goes_from_a_token_to_a_filled_order(site: Site) -> None:
    email = f"program-{uuid4().hex}@example.com"
    owner = make_user(email)
    for instrument in ensure_simulated_instruments():
        record_quotes([NewQuote(instrument.pk, *[Decimal(50_000)] * 3, "simulated", clock.now())])
    with tenancy.tenant(owner.pk):
        create_demo_connection(owner_id=owner.pk)
    text = (settings.BASE_DIR / "docs" / "api.md").read_text()
    program = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    variables = {"MONIQO_SITE": site.url, "MONIQO_EMAIL": email, "MONIQO_PASSWORD": f"password of {email}"}
    stop = Event()
    worker = Thread(target=work, args=(stop,))
    worker.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | variables, capture_output=True, text=True, timeout=60
        )
    finally:
        stop.set()
        worker.join()
    assert done.returncode == 0, done.stderr
    assert "filled" in done.stdout
    with tenancy.tenant(owner.pk):
        assert Goal.objects.get().status == Goal.Status.ACTIVE
        [order] = Order.objects.all()
        assert (order.status, order.filled_quantity) == (Order.Status.FILLED, Decimal("0.01"))
        master = Wallet.objects.get(role=Wallet.Role.MASTER)
        assert master.accounts.get(kind="external", asset="USDT").balance == -10_000  # the key made it one deposit

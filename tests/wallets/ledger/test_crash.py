"""A process that dies in the middle of posting leaves sound books, and what it was told had happened has happened."""

import os
import subprocess
import sys

import pytest

from kit import tenancy
from kit.users.models import User
from tests.wallets.books import funded
from wallets.ledger import verify
from wallets.models import Posting

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYSTEM_URL")


@pytest.mark.parametrize("committed", [1, 40])
def test_kill_nine_in_the_middle_of_a_load(live_db: str, owner: User, committed: int) -> None:
    funded(owner.pk, 4, 1000)
    environment = {name: os.environ[name].rsplit("/", 1)[0] + f"/{live_db}" for name in ADDRESSES}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.wallets.ledger.load", str(owner.pk)],
        env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "moniqo.settings"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        told = [process.stdout.readline().strip() for _ in range(committed)]
        process.kill()
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
    report = verify()
    assert report.contradiction is None
    assert report.transfers >= 4 + len(told)
    with tenancy.tenant(owner.pk):
        assert Posting.objects.filter(key__in=told).count() == len(told)

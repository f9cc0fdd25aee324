"""Credentials that an earlier version sealed with Fernet are sealed again with AES-256-GCM.

Nothing to undo: every version that has this migration opens both.
"""

from typing import Any

from django.db import migrations

from kit import sealing
from kit.resealing import reseal


def seal_again(apps: Any, editor: Any) -> None:
    reseal(
        apps.get_model("wallets", "Credential"),
        owners=apps.get_model("users", "User"),
        using=editor.connection.alias,
        column="token",
        place=lambda row: (str(row.owner_id), str(row.connection_id), row.field),
        note=lambda: {"key_id": sealing.key_ids()[0]},
    )


class Migration(migrations.Migration):
    atomic = False  # a batch is a transaction: what is done stays done

    dependencies = (("wallets", "0010_platforms"), ("users", "0003_two_factor"))

    operations = (migrations.RunPython(seal_again, migrations.RunPython.noop, elidable=True),)

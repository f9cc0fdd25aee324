"""Paths, subtrees and books as functions, for every statement that needs them; the SQL stands beside this file."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("wallets", "0005_rehearsing_connections"),)

    operations = (migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),)

"""The functions that say what an asset is worth; the SQL stands beside this file."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("markets", "0001_initial"),)

    operations = (migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),)

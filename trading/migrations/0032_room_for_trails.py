"""Room on the pages of what is rewritten as prices move: a row that stays on its page needs no new entries in its
table's indexes, of which orders have a score."""

from django.db import migrations

ROOM = """
ALTER TABLE trading_order SET (fillfactor = 70);
ALTER TABLE trading_position SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0031_changed_at_the_venue"),)

    operations = (migrations.RunSQL(ROOM, migrations.RunSQL.noop),)

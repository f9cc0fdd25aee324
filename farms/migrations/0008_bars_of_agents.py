"""How long a bar is for whoever decides in a wallet: that of its agent, where it has one."""

from django.db import migrations

BAR_OF = """
CREATE OR REPLACE FUNCTION trading_bar_of(p_wallet uuid) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT timeframe::interval FROM farms_agent WHERE wallet_id = p_wallet), interval '1 hour')
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0007_where_agents_were"), ("trading", "0024_protections"))

    operations = (migrations.RunSQL(BAR_OF, migrations.RunSQL.noop),)

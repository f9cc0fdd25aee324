"""What a venue is called, for whoever shows one."""

from django.db import migrations

# Venues carry the slug of their platform; the simulator's prices are no platform's.
VENUE_NAME = """
CREATE FUNCTION venue_name(p_venue text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT name FROM wallets_platform WHERE slug = p_venue), initcap(p_venue))
$$;
"""


class Migration(migrations.Migration):
    dependencies = (("wallets", "0018_proofs"),)

    operations = (migrations.RunSQL(VENUE_NAME, "DROP FUNCTION venue_name"),)

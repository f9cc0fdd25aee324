"""A trade that is told after its wallet was moved was closed where the wallet stood when it closed."""

from django.db import migrations

CLOSING = """
CREATE OR REPLACE FUNCTION trading_note_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NULL THEN
        NEW.closed_in := NULL;
        NEW.closed_under := NULL;
        NEW.regime := '';
    ELSIF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL THEN
        NEW.closed_in := OLD.closed_in;
        NEW.closed_under := OLD.closed_under;
        NEW.regime := OLD.regime;
    ELSE
        NEW.closed_in := pg_current_xact_id();
        NEW.closed_under := wallet_under(NEW.wallet_id, NEW.closed_at);
        NEW.regime := market_regime(NEW.instrument_id, NEW.opened_at);
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("trading", "0038_where_they_closed"), ("wallets", "0040_where_they_stood"))

    operations = (migrations.RunSQL(CLOSING, migrations.RunSQL.noop),)

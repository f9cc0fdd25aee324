"""What no code path may go around: the table of an order's states, and histories that only grow."""

from django.conf import settings
from django.db import migrations

# A copy, because a migration never changes; a test holds it to `trading.orders.states`.
NEXT = {
    "draft": ("submitting", "rejected"),
    "submitting": ("open", "partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "open": ("partially_filled", "uncertain", "filled", "cancelled", "rejected", "expired"),
    "partially_filled": ("uncertain", "filled", "cancelled", "expired"),
    "uncertain": ("submitting", "open", "partially_filled", "filled", "cancelled", "rejected", "expired"),
}
STEPS = ", ".join(f"'{before}>{after}'" for before, afters in NEXT.items() for after in afters)
INTENT = (
    "id",
    "created_at",
    "owner_id",
    "wallet_id",
    "connection_id",
    "instrument_id",
    "key",
    "client_order_id",
    "side",
    "type",
    "quantity",
    "reduce_only",
    "reference_price",
    "exit_stop",
    "exit_target",
    "exit_trail",
    "protects_id",
)

GUARD_ORDERS = f"""
CREATE FUNCTION trading_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ('draft', 'submitting', 'rejected') THEN
            RAISE EXCEPTION 'An order starts as draft, submitting or rejected, not as %.', NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN ({STEPS}) THEN
        RAISE EXCEPTION 'An order that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.filled_quantity < OLD.filled_quantity THEN
        RAISE EXCEPTION 'What was filled stays filled.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempts < OLD.attempts THEN
        RAISE EXCEPTION 'What was sent stays sent.' USING ERRCODE = 'check_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in INTENT)}) IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in INTENT)})
    THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON trading_order
    FOR EACH ROW EXECUTE FUNCTION trading_guard_order();
"""

REFUSE = """
CREATE FUNCTION trading_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is a history: rows are never changed or removed.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def only_grows(table: str, events: str = "UPDATE OR DELETE", privileges: str = "UPDATE, DELETE, TRUNCATE") -> str:
    roles = ", ".join(f'"{settings.DATABASES[alias]["USER"]}"' for alias in ("default", "system"))
    return f"""
    CREATE TRIGGER append_only BEFORE {events} ON {table}
        FOR EACH ROW EXECUTE FUNCTION trading_refuse_change();
    CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION trading_refuse_change();
    REVOKE {privileges} ON {table} FROM {roles};
    """


class Migration(migrations.Migration):
    dependencies = (("trading", "0002_policies"),)

    operations = (
        migrations.RunSQL(GUARD_ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE, migrations.RunSQL.noop),
        migrations.RunSQL(only_grows("trading_orderevent"), migrations.RunSQL.noop),
        migrations.RunSQL(only_grows("trading_riskdecision"), migrations.RunSQL.noop),
        migrations.RunSQL(only_grows("trading_fill"), migrations.RunSQL.noop),
        migrations.RunSQL(only_grows("trading_cancellation", "DELETE", "DELETE, TRUNCATE"), migrations.RunSQL.noop),
        migrations.RunSQL(only_grows("trading_order", "DELETE", "DELETE, TRUNCATE"), migrations.RunSQL.noop),
    )

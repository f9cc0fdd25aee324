"""Of what agents decided, only a decision to do nothing may ever be removed, and only once it is a month old."""

from django.conf import settings
from django.db import migrations

LET_OLD_HOLDS_GO = f"""
DROP TRIGGER append_only ON farms_agentrun;
CREATE TRIGGER append_only BEFORE UPDATE ON farms_agentrun
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_delete BEFORE DELETE ON farms_agentrun
    FOR EACH ROW
    WHEN (OLD.decision <> 'hold' OR OLD.order_id IS NOT NULL OR OLD.created_at > now() - interval '30 days')
    EXECUTE FUNCTION refuse_change();
GRANT DELETE ON farms_agentrun TO "{settings.DATABASES["system"]["USER"]}";
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0005_restored"),)

    operations = (migrations.RunSQL(LET_OLD_HOLDS_GO, migrations.RunSQL.noop),)

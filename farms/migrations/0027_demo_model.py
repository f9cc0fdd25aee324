"""What the demo asks in place of a language model has its row of the operators' list, offered to nobody else."""

from django.db import migrations

ROW = """
INSERT INTO farms_adviceendpoint
    (id, created_at, name, base_url, model, price_in, price_out, most_tokens, seconds, is_active, refusals, stopped)
VALUES
    ('6f1d8b1e-3a52-4d0c-9a6e-2f0e5c7b9d41', '2026-11-28 00:00:00+00', 'Demo, no language model', 'http://demo.internal',
     'demo rules', 0, 0, 500, 5, true, 0, '')
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0026_watched"),)

    operations = (migrations.RunSQL(ROW, migrations.RunSQL.noop),)

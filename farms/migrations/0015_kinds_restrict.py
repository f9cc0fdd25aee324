"""Farms that revert to the mean; and a farm whose agents are of more than its kind allows says so: it is custom."""

from django.db import migrations, models

# Until now nobody asked when an agent was hired. What a person decided stays: only the word for it changes.
CALL_THEM_CUSTOM = """
UPDATE farms_farm AS farm SET kind = 'custom'
WHERE kind <> 'custom' AND EXISTS (
    SELECT FROM farms_agent AS agent WHERE agent.farm_id = farm.id AND agent.status <> 'archived' AND CASE farm.kind
        WHEN 'mixed' THEN agent.strategy NOT IN
            ('trend_following', 'breakout', 'price_action', 'mean_reversion', 'mixed')
        ELSE agent.strategy <> farm.kind END
)
"""
EVERYBODYS = """
ALTER TABLE farms_farm NO FORCE ROW LEVEL SECURITY;
ALTER TABLE farms_agent NO FORCE ROW LEVEL SECURITY;
"""
OWNERS = """
ALTER TABLE farms_farm FORCE ROW LEVEL SECURITY;
ALTER TABLE farms_agent FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("farms", "0014_downloads"),)

    operations = (
        migrations.AlterField(
            model_name="farm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("trend_following", "Trend following"),
                    ("breakout", "Breakout"),
                    ("price_action", "Price action"),
                    ("mean_reversion", "Mean reversion"),
                    ("mixed", "Mixed"),
                    ("custom", "Custom"),
                ],
                default="trend_following",
                max_length=16,
            ),
        ),
        migrations.RunSQL(EVERYBODYS + CALL_THEM_CUSTOM + ";" + OWNERS, migrations.RunSQL.noop),
    )

"""A proposal is judged from the first price after its answer, which is kept beside what it came to."""

from django.conf import settings
from django.db import migrations, models

import kit.models
from kit.history import History, history_sql

MAY_CHANGE = {
    "farms_adviceproposal": History(
        columns=(
            "became", "said", "approval_id", "order_id", "settled_at", "entry", "exit_price", "gain", "own",
            "chance", "chance_spread",
        ),
        over="OLD.settled_at IS NOT NULL",
    ),
}  # fmt: skip


class Migration(migrations.Migration):
    dependencies = (
        ("farms", "0024_adviser"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.RemoveConstraint(model_name="adviceproposal", name="advice_proposal_gains_when_settled"),
        migrations.AddField(
            model_name="adviceproposal",
            name="entry",
            field=kit.models.MoneyField(
                blank=True, null=True, help_text="The first price after the answer, which it is judged from."
            ),
        ),
        migrations.AddConstraint(
            model_name="adviceproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("settled_at__isnull", False),
                    models.Q(("entry__isnull", True), ("exit_price__isnull", True), ("gain__isnull", True)),
                    _connector="OR",
                ),
                name="advice_proposal_gains_when_settled",
            ),
        ),
        migrations.RunSQL(history_sql(MAY_CHANGE), migrations.RunSQL.noop),
    )

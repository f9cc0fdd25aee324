"""An order may be filled beyond its quantity: the venue did it, so the books have to say it."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = (("trading", "0005_guards"),)

    operations = (
        migrations.RemoveConstraint(model_name="order", name="order_not_overfilled"),
        migrations.RemoveConstraint(model_name="order", name="order_filled_is_filled"),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(condition=Q(filled_quantity__gte=0), name="order_filled_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=~Q(status="filled") | Q(filled_quantity__gte=F("quantity")), name="order_filled_is_filled"
            ),
        ),
    )

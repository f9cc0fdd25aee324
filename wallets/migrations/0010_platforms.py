"""The platforms, what they ask traders for, and connections that only watch until their owner makes them live.

Fees are those that the venues publish for accounts without volume, as fractions; an operator corrects them in the admin.
Patterns are loose: they catch half a key and a key with something around it, and no key that a venue would take.
"""

from pathlib import Path
from typing import Any

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import wallets.models.platforms

WORD = r"[A-Za-z0-9]{16,128}"
BASE64 = r"[A-Za-z0-9+/]{40,}={0,2}"
KEY = ("api_key", "API key", "", False, WORD)
SECRET = ("secret", "Secret key", "", True, WORD)
BINANCE = (KEY, ("secret", "Secret key", "Of a key of the kind “system generated” (HMAC).", True, WORD))

PAPER: dict[str, Any] = {
    "name": "Paper exchange",
    "adapter": "demo",
    "is_paper": True,
    "capabilities": ["spot"],
    "fees": {"maker": "0.0008", "taker": "0.0010"},
    "options": {"slippage_bps": "2", "impact_bps": "5", "depth": "250000"},
}
# slug: name, capabilities, maker and taker fee, (name, label, help, secret, pattern) of each credential field
EXCHANGES: dict[str, Any] = {
    "binance": ("Binance", ["spot", "permissions"], "0.001", "0.001", BINANCE),
    "binanceusdm": ("Binance USD-M futures", ["derivatives", "permissions"], "0.0002", "0.0005", BINANCE),
    "okx": (
        "OKX",
        ["spot", "derivatives", "permissions"],
        "0.0008",
        "0.001",
        (
            ("api_key", "API key", "", False, r"[A-Za-z0-9-]{16,64}"),
            ("secret", "Secret key", "", True, WORD),
            (
                "password",
                "Passphrase",
                "The one you chose when you made the key, not the account's.",
                True,
                r"\S{6,64}",
            ),
        ),
    ),
    "bybit": ("Bybit", ["spot", "derivatives", "permissions"], "0.001", "0.001", (KEY, SECRET)),
    "coinbase": (
        "Coinbase Advanced",
        ["spot", "permissions"],
        "0.006",
        "0.012",
        (
            (
                "api_key",
                "Key name",
                "organizations/…/apiKeys/… of the file that Coinbase gives you.",
                False,
                r"\S{16,200}",
            ),
            (
                "secret",
                "Private key",
                "Of an ECDSA key, as it stands in the file: with its \\n, from BEGIN to END.",
                True,
                r"[\s\S]{16,2000}",
            ),
        ),
    ),
    "kraken": (
        "Kraken",
        ["spot", "permissions"],
        "0.0025",
        "0.004",
        (("api_key", "API key", "", False, BASE64), ("secret", "Private key", "", True, BASE64)),
    ),
}


def add_platforms(apps: Any, schema_editor: Any) -> None:
    """The paper exchange and the six exchanges; a platform that is there already keeps what an operator changed."""
    platforms, fields = (apps.get_model("wallets", name) for name in ("Platform", "CredentialField"))
    alias = schema_editor.connection.alias
    platforms.objects.using(alias).get_or_create(slug="demo", defaults=PAPER)
    for slug, (name, capabilities, maker, taker, asked) in EXCHANGES.items():
        platform, is_new = platforms.objects.using(alias).get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "adapter": "ccxt",
                "is_paper": False,
                "capabilities": capabilities,
                "fees": {"maker": maker, "taker": taker},
            },
        )
        fields.objects.using(alias).bulk_create(
            fields(platform=platform, name=key, label=label, help=told, secret=secret, pattern=pattern, position=place)
            for place, (key, label, told, secret, pattern) in enumerate(asked if is_new else ())
        )


class Migration(migrations.Migration):
    dependencies = (("wallets", "0009_reserves"),)

    operations = (
        migrations.RemoveField(model_name="platform", name="credential_fields"),
        migrations.CreateModel(
            name="CredentialField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="What the adapter calls it: api_key, secret, password.",
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9_]*$", "Small letters, digits and underscores."
                            )
                        ],
                    ),
                ),
                ("label", models.CharField(help_text="What the venue's own pages call it.", max_length=80)),
                ("help", models.CharField(blank=True, max_length=200)),
                ("secret", models.BooleanField(default=True)),
                ("required", models.BooleanField(default=True)),
                (
                    "pattern",
                    models.CharField(
                        blank=True, max_length=200, validators=[wallets.models.platforms.validate_pattern]
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credential_fields",
                        to="wallets.platform",
                    ),
                ),
            ],
            options={
                "ordering": ("position", "pk"),
                "constraints": [
                    models.UniqueConstraint(fields=("platform", "name"), name="credential_field_name_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="platform",
            name="base_url",
            field=models.URLField(
                blank=True,
                help_text="Where its API stands if not at its usual address: a gateway, a region, a simulator.",
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="is_sandbox",
            field=models.BooleanField(
                default=False, help_text="Its API is the venue's own test system: no real money."
            ),
        ),
        migrations.AddField(
            model_name="platform",
            name="capabilities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("spot", "Spot"),
                        ("derivatives", "Derivatives"),
                        ("permissions", "Tells what a key may do"),
                    ],
                    max_length=12,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="platform",
            name="slug",
            field=models.SlugField(
                help_text="An exchange's id in ccxt; its instruments carry it as their venue.",
                max_length=40,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="live_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When its owner made it live, in person; until then it is only watched.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="permissions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[("read", "Read"), ("trade", "Trade"), ("withdraw", "Withdraw")], max_length=12
                ),
                blank=True,
                help_text="What the venue says its key may do; nothing where the venue does not tell.",
                null=True,
                size=None,
            ),
        ),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(), migrations.RunSQL.noop),
        migrations.RunPython(add_platforms, migrations.RunPython.noop),
    )

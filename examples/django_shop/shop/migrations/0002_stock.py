"""A column with data, a renamed column, a longer name (for which Django makes the table anew)."""

from django.db import migrations, models


def fill(apps, editor):
    """Ten of everything that is sold."""
    apps.get_model("shop", "Product").objects.filter(active=True).update(stock=10)


class Migration(migrations.Migration):
    """See the module's text."""

    dependencies = [("shop", "0001_initial")]

    operations = [
        migrations.AddField("product", "stock", models.PositiveIntegerField(default=0)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RenameField("order", "email", "customer"),
        migrations.AlterField("product", "name", models.CharField(max_length=100)),
    ]

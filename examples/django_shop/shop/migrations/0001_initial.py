"""The first schema."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from shop.models import CONDITION


class Migration(migrations.Migration):
    """Everything but the stock."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("placed", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("word", models.SlugField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50, unique=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="shop.category",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "categories",
            },
        ),
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveSmallIntegerField(default=1)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="shop.order"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("code", models.CharField(blank=True, max_length=20, null=True)),
                ("price", models.DecimalField(decimal_places=2, max_digits=8)),
                ("attributes", models.JSONField(blank=True, default=dict)),
                ("active", models.BooleanField(default=True)),
                ("added", models.DateTimeField()),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="products", to="shop.category"
                    ),
                ),
                ("tags", models.ManyToManyField(blank=True, related_name="products", to="shop.tag")),
            ],
        ),
        migrations.AddField(
            model_name="order",
            name="products",
            field=models.ManyToManyField(related_name="orders", through="shop.Line", to="shop.product"),
        ),
        migrations.AddField(
            model_name="line",
            name="product",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="shop.product"),
        ),
        migrations.AddConstraint(
            model_name="line",
            constraint=models.UniqueConstraint(fields=("order", "product"), name="line_once"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["category", "-price"], name="product_category_price"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(name="price_not_negative", **{CONDITION: models.Q(("price__gte", 0))}),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("category", "name"), name="name_once_per_category"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower("code"), name="code_once"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                condition=models.Q(("active", True)), fields=("code",), name="active_code_once"
            ),
        ),
    ]

"""Categories in a tree, products with JSON attributes and tags, orders with lines."""

import django
from django.db import models
from django.db.models.functions import Lower

# The name of a CheckConstraint's argument, which Django 5.1 changed.
CONDITION = "condition" if django.VERSION >= (5, 1) else "check"


class Category(models.Model):
    """A kind of product, under another one."""

    name = models.CharField(max_length=50, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name


class Tag(models.Model):
    """A word about products."""

    word = models.SlugField(primary_key=True)

    def __str__(self):
        return self.word


class Product(models.Model):
    """What is sold."""

    name = models.CharField(max_length=100)
    code = models.CharField(max_length=20, null=True, blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    attributes = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="products")
    active = models.BooleanField(default=True)
    added = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["category", "-price"], name="product_category_price")]
        constraints = [
            models.CheckConstraint(name="price_not_negative", **{CONDITION: models.Q(price__gte=0)}),
            models.UniqueConstraint(fields=["category", "name"], name="name_once_per_category"),
            models.UniqueConstraint(Lower("code"), name="code_once"),
            models.UniqueConstraint(fields=["code"], condition=models.Q(active=True), name="active_code_once"),
        ]

    def __str__(self):
        return self.name


class Order(models.Model):
    """A purchase."""

    customer = models.EmailField()
    placed = models.DateTimeField()
    products = models.ManyToManyField(Product, through="Line", related_name="orders")

    def __str__(self):
        return f"{self.customer} {self.placed:%Y-%m-%d}"


class Line(models.Model):
    """One product of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "product"], name="line_once")]

    def __str__(self):
        return f"{self.quantity} × {self.product}"

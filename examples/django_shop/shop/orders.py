"""Buying, safe under threads: a transaction that meets another one is run again."""

from django.utils import timezone

from aerodb_dbapi.compat.django.retry import retrying_atomic
from shop.models import Line, Order, Product


class SoldOut(Exception):
    """There is not enough of it."""


@retrying_atomic
def buy(customer, product_id, quantity=1):
    """Take something from the stock and give the order."""
    product = Product.objects.get(pk=product_id)
    if product.stock < quantity:
        raise SoldOut(product.name)
    product.stock -= quantity
    product.save(update_fields=["stock"])
    order = Order.objects.create(customer=customer, placed=timezone.now())
    Line.objects.create(order=order, product=product, quantity=quantity)
    return order

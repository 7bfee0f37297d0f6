"""The admin's lists: search, filters, a date hierarchy, lines inside orders."""

from django.contrib import admin

from shop.models import Category, Line, Order, Product, Tag


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Products by category, price and date."""

    list_display = ["name", "category", "price", "stock", "active"]
    list_filter = ["active", "category", "tags"]
    search_fields = ["name", "category__name"]
    date_hierarchy = "added"
    list_editable = ["stock"]


class LineInline(admin.TabularInline):
    """The lines of an order."""

    model = Line
    extra = 1


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders with their lines."""

    list_display = ["customer", "placed"]
    inlines = [LineInline]


admin.site.register([Category, Tag])

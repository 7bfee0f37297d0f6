"""Tests of the shop: `python manage.py test`, also with ``--parallel``."""

import datetime
import decimal
import threading

from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Avg, Count, F, Q, StdDev, Sum, Window
from django.db.models.functions import Lag, Rank, TruncMonth
from django.test import Client, TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aerodb_dbapi.compat.django.retry import is_serialization_failure, retrying_atomic
from aerodb_dbapi.compat.django.testing import ForkTestCase
from shop.models import Category, Line, Order, Product, Tag
from shop.orders import SoldOut, buy

UTC = datetime.UTC


def moment(month, day=1):
    """Noon of a day of 2026."""
    return datetime.datetime(2026, month, day, 12, tzinfo=UTC)


class Goods:
    """Three categories, six products, two orders."""

    def fill(self):
        """Write them."""
        self.things = Category.objects.create(name="things")
        self.books = Category.objects.create(name="books", parent=self.things)
        self.toys = Category.objects.create(name="toys", parent=self.things)
        rows = [
            ("atlas", self.books, "30.00", 1, {"pages": 200, "size": {"cm": [30, 40]}}),
            ("novel", self.books, "12.50", 2, {"pages": 320}),
            ("diary", self.books, "12.50", 2, {}),
            ("kite", self.toys, "19.90", 2, {"color": "red"}),
            ("ball", self.toys, "5.10", 3, {"color": None}),
            ("yo-yo", self.toys, "7.00", 3, {"color": "100%_red\\"}),
        ]
        self.products = Product.objects.bulk_create(
            Product(name=n, category=c, price=decimal.Decimal(p), added=moment(m), attributes=a)
            for n, c, p, m, a in rows
        )
        self.named = {product.name: product for product in self.products}
        for word in ("new", "gift"):
            Tag.objects.create(word=word)
        self.named["kite"].tags.set(["new", "gift"])
        self.named["ball"].tags.add("gift")
        self.first = Order.objects.create(customer="ann@example.org", placed=moment(4))
        self.second = Order.objects.create(customer="bob@example.org", placed=moment(4, 2))
        Line.objects.create(order=self.first, product=self.named["kite"], quantity=2)
        Line.objects.create(order=self.first, product=self.named["novel"])
        Line.objects.create(order=self.second, product=self.named["kite"])


class QueryTests(Goods, TestCase):
    """Questions."""

    @classmethod
    def setUpTestData(cls):
        """Once for the class."""
        cls().fill()

    def names(self, found):
        """The names, in order."""
        return [product.name for product in found]

    def test_foreign_keys_and_many_to_many(self):
        """Joins, forwards and backwards."""
        self.assertEqual(self.names(Product.objects.filter(tags__word="gift").order_by("name")), ["ball", "kite"])
        self.assertEqual(
            self.names(Product.objects.filter(category__parent__name="things", orders__customer__startswith="bob")),
            ["kite"],
        )
        with self.assertNumQueries(3):
            found = Product.objects.select_related("category__parent").prefetch_related("tags", "orders").order_by("pk")
            self.assertEqual([(p.category.parent.name, len(p.tags.all())) for p in found][3], ("things", 2))

    def test_json(self):
        """Keys, paths, containment of keys, null."""
        products = Product.objects.order_by("pk")
        self.assertEqual(self.names(products.filter(attributes__pages__gt=250)), ["novel"])
        self.assertEqual(self.names(products.filter(attributes__size__cm__1=40)), ["atlas"])
        self.assertEqual(self.names(products.filter(attributes__has_key="color")), ["kite", "ball", "yo-yo"])
        self.assertEqual(self.names(products.filter(attributes__color=None)), ["ball"])
        self.assertEqual(self.names(products.filter(attributes__color__endswith="%_red\\")), ["yo-yo"])
        self.assertEqual(Product.objects.get(name="atlas").attributes["size"], {"cm": [30, 40]})

    def test_aggregates(self):
        """GROUP BY, FILTER, functions of Django's in Python."""
        found = Category.objects.annotate(
            number=Count("products"),
            cheap=Count("products", filter=Q(products__price__lt=10)),
            mean=Avg("products__price"),
        ).order_by("name")
        self.assertEqual(
            [(c.name, c.number, c.cheap) for c in found], [("books", 3, 0), ("things", 0, 0), ("toys", 3, 2)]
        )
        self.assertAlmostEqual(float(found[0].mean), 55 / 3)
        self.assertAlmostEqual(Product.objects.aggregate(d=StdDev("stock"))["d"], 0.0)
        months = (
            Product.objects.annotate(month=TruncMonth("added"))
            .values("month")
            .annotate(n=Count("pk"))
            .order_by("month")
        )
        self.assertEqual([(row["month"].month, row["n"]) for row in months], [(1, 1), (2, 3), (3, 2)])
        self.assertEqual(
            Line.objects.aggregate(total=Sum(F("quantity") * F("product__price")))["total"], decimal.Decimal("72.2")
        )

    def test_windows(self):
        """Ranks within a category, the row before, a filter on a rank."""
        ranked = Product.objects.annotate(
            rank=Window(Rank(), partition_by="category", order_by=["-price", "stock"]),
            before=Window(Lag("name"), partition_by="category", order_by=["-price", "name"]),
        ).order_by("category__name", "rank", "name")
        self.assertEqual(
            [(p.name, p.rank, p.before) for p in ranked],
            [
                ("atlas", 1, None), ("diary", 2, "atlas"), ("novel", 2, "diary"),
                ("kite", 1, None), ("yo-yo", 2, "kite"), ("ball", 3, "yo-yo"),
            ],
        )  # fmt: skip
        self.assertEqual(self.names(ranked.filter(rank=1)), ["atlas", "kite"])

    def test_regular_expressions_and_case(self):
        """REGEXP and LIKE."""
        self.assertEqual(
            self.names(Product.objects.filter(name__iregex="^(KITE|BALL)$").order_by("name")), ["ball", "kite"]
        )
        self.assertEqual(self.names(Product.objects.filter(name__icontains="O-Y")), ["yo-yo"])

    def test_select_for_update_is_ignored(self):
        """Rows are not locked; the commit validates."""
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            self.assertEqual(Product.objects.select_for_update().get(name="kite").name, "kite")
        self.assertNotIn("FOR UPDATE", queries[0]["sql"])

    def test_explain(self):
        """The plan's text."""
        plan = Product.objects.filter(category=self.books_id(), price__gt=1).explain()
        self.assertIn("shop_product", plan)

    def books_id(self):
        """A key."""
        return Category.objects.get(name="books").pk

    def test_admin(self):
        """The changelist with search, filter and date hierarchy; changing in the list; adding an order with a line."""
        User.objects.create_superuser("admin", password="secret")
        client = Client()
        self.assertTrue(client.login(username="admin", password="secret"))
        page = client.get(
            "/admin/shop/product/", {"q": "kite", "active__exact": "1", "added__year": "2026", "o": "-3.1"}
        )
        self.assertContains(page, "1 result")
        page = client.get("/admin/shop/product/", {"tags__word__exact": "gift"})
        self.assertEqual(page.context["cl"].result_count, 2)
        kite = Product.objects.get(name="kite")
        order = {
            "customer": "cleo@example.org", "placed_0": "2026-05-01", "placed_1": "12:00:00",
            "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-product": kite.pk, "lines-0-quantity": "7",
        }  # fmt: skip
        self.assertRedirects(client.post("/admin/shop/order/add/", order), "/admin/shop/order/")
        self.assertEqual(Line.objects.get(order__customer__startswith="cleo").quantity, 7)
        answer = client.post(f"/admin/shop/category/{self.books_id()}/delete/", {"post": "yes"})
        self.assertContains(answer, "protected", status_code=200)


class ChangeTests(Goods, TestCase):
    """Constraints, savepoints and changes in bulk."""

    def setUp(self):
        """Anew for each test."""
        self.fill()

    def test_constraints(self):
        """Each kind fails as what it is, and the savepoint saves the rest."""
        kite = self.named["kite"]
        wrong = [
            lambda: Product.objects.create(name="kite", category=self.toys, price=1, added=moment(1)),
            lambda: Product.objects.filter(pk=kite.pk).update(price=-1),
            lambda: Product.objects.filter(pk=kite.pk).update(stock=-1),
            lambda: Product.objects.filter(pk__in=[kite.pk, self.named["ball"].pk]).update(code="X"),
            lambda: Product.objects.create(name="no category", category=None, price=1, added=moment(1)),
        ]
        for change in wrong:
            with self.assertRaises(IntegrityError), transaction.atomic():
                change()
        self.assertEqual(Product.objects.count(), 6)

    def test_code_is_unique_without_case(self):
        """A unique index on an expression."""
        self.named["kite"].code = "AbC"
        self.named["kite"].save()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Product.objects.filter(name="ball").update(code="aBc", active=False)

    def test_deferred_foreign_keys(self):
        """A key that points nowhere fails at the end of the transaction, not before."""
        order = Order.objects.create(pk=99, customer="x@example.org", placed=timezone.now())
        with self.assertRaisesMessage(IntegrityError, "foreign key"), transaction.atomic():
            Line.objects.create(order_id=1000, product=self.named["kite"])
            connection.check_constraints()
        with transaction.atomic():
            line = Line.objects.create(order_id=1001, product=self.named["kite"])
            line.order = order
            line.save()
            connection.check_constraints()

    def test_savepoints(self):
        """Inner blocks roll back alone."""
        with transaction.atomic():
            Tag.objects.create(word="kept")
            with self.assertRaises(ZeroDivisionError), transaction.atomic():
                Tag.objects.create(word="lost")
                raise ZeroDivisionError
            point = transaction.savepoint()
            Tag.objects.all().delete()
            transaction.savepoint_rollback(point)
        self.assertEqual(set(Tag.objects.values_list("word", flat=True)), {"new", "gift", "kept"})

    def test_bulk_changes(self):
        """Upserts in bulk, bulk_update, update_or_create, in_bulk."""
        Category.objects.bulk_create(
            [Category(name="toys", parent=None), Category(name="food", parent=self.things)],
            update_conflicts=True, unique_fields=["name"], update_fields=["parent"],
        )  # fmt: skip
        self.toys.refresh_from_db()
        self.assertIsNone(self.toys.parent)
        self.assertEqual(Category.objects.count(), 4)
        Tag.objects.bulk_create([Tag(word="new"), Tag(word="old")], ignore_conflicts=True)
        self.assertEqual(Tag.objects.count(), 3)
        for number, product in enumerate(self.products):
            product.stock, product.code = number, f"c{number}"
        self.assertEqual(Product.objects.bulk_update(self.products, ["stock", "code"], batch_size=4), 6)
        self.assertEqual(Product.objects.get(code="c3").name, "kite")
        _, created = Product.objects.update_or_create(
            name="kite", category=self.toys, defaults={"price": F("price") + 1}
        )
        self.assertFalse(created)
        self.assertEqual(Product.objects.get(name="kite").price, decimal.Decimal("20.90"))
        self.assertEqual(Tag.objects.in_bulk(["new"])["new"].word, "new")

    def test_deleting_cascades(self):
        """Orders take their lines with them."""
        count, each = Order.objects.filter(customer__startswith="ann").delete()
        self.assertEqual((count, each), (3, {"shop.Line": 2, "shop.Order": 1}))

    def test_two_thousand_rows(self):
        """More parameters than one statement takes."""
        Tag.objects.bulk_create(Tag(word=f"t{n}") for n in range(2000))
        found = Tag.objects.filter(word__in=[f"t{n}" for n in range(0, 2000, 2)])
        self.assertEqual(found.count(), 1000)
        self.assertEqual(sum(1 for _ in Tag.objects.iterator(chunk_size=100)), 2002)


class TransactionTests(Goods, TransactionTestCase):
    """Real commits; the tables are emptied after each test."""

    def test_commit_and_rollback(self):
        """What is committed stays, what failed is gone, hooks run at the commit."""
        done = []
        with transaction.atomic():
            self.fill()
            transaction.on_commit(lambda: done.append("committed"))
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Line.objects.all().delete()
            transaction.on_commit(lambda: done.append("never"))
            raise ZeroDivisionError
        self.assertEqual((Line.objects.count(), done), (3, ["committed"]))

    def test_a_broken_foreign_key_fails_at_the_commit(self):
        """Django's foreign keys are deferred."""
        self.fill()
        with self.assertRaises(IntegrityError), transaction.atomic():
            Line.objects.create(order_id=1000, product=self.named["kite"])
        self.assertEqual(Line.objects.count(), 3)

    def test_keys_begin_again(self):
        """Sequences are reset where a test asks for it."""
        self.assertEqual(Category.objects.count(), 0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT %(a)s || '%%', %(b)s", {"a": "50", "b": None})
            self.assertEqual(cursor.fetchone(), ("50%", None))
            cursor.executemany("INSERT INTO shop_tag(word) VALUES (%s)", [("a",), ("b",)])
        self.assertEqual(list(Tag.objects.raw("SELECT word FROM shop_tag WHERE word = %s", ["b"])), [Tag("b")])


class ForkTests(Goods, ForkTestCase):
    """Real commits on a fork of the database for each test."""

    keys = set()

    def test_commits_are_real(self):
        """Hooks run, Django's functions are there, foreign keys are checked at the commit."""
        done = []
        with transaction.atomic():
            self.fill()
            transaction.on_commit(lambda: done.append("committed"))
        with self.assertRaises(IntegrityError), transaction.atomic():
            Line.objects.create(order_id=1000, product=self.named["kite"])
        self.assertEqual((Line.objects.count(), done), (3, ["committed"]))
        self.assertEqual(Product.objects.filter(name__regex="^k").count(), 1)

    def test_each_test_has_its_own(self):
        """The other tests' rows are not there, and keys go on from the same number in each."""
        self.assertEqual((Product.objects.count(), Category.objects.count()), (0, 0))
        self.keys.add(Category.objects.create(name="first").pk)
        self.assertEqual(len(self.keys), 1)

    test_each_test_has_its_own_again = test_each_test_has_its_own

    def test_what_migrations_wrote_is_there(self):
        """No table was emptied."""
        self.assertGreater(Permission.objects.count(), 0)


class ConcurrencyTests(Goods, TransactionTestCase):
    """Several connections at once."""

    def setUp(self):
        """One kite is the matter."""
        self.fill()
        self.kite = self.named["kite"]
        Product.objects.filter(pk=self.kite.pk).update(stock=30)

    def in_threads(self, *functions):
        """Run the functions at the same time and give what went wrong."""
        wrong = []

        def call(function):
            try:
                function()
            except Exception as error:
                wrong.append(error)
            finally:
                # Django's own close() leaves databases in memory open.
                if connection.connection is not None:
                    connection.connection.close()

        threads = [threading.Thread(target=call, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return wrong

    def stock(self):
        """What is left."""
        return Product.objects.values_list("stock", flat=True).get(pk=self.kite.pk)

    def test_nothing_is_sold_twice(self):
        """Four threads buy thirty kites; the rest is sold out."""

        def buyer():
            for _ in range(9):
                buy("many@example.org", self.kite.pk)

        wrong = self.in_threads(buyer, buyer, buyer, buyer)
        self.assertTrue(all(isinstance(error, SoldOut) for error in wrong), wrong)
        self.assertEqual((self.stock(), Order.objects.filter(customer="many@example.org").count()), (0, 30))

    def meddling(self, retries):
        """A function that is disturbed in its first attempt, and how often it was tried."""
        attempts = []

        def other():
            Product.objects.filter(pk=self.kite.pk).update(stock=F("stock") - 10)

        @retrying_atomic(retries=retries)
        def take_one():
            product = Product.objects.get(pk=self.kite.pk)
            attempts.append(product.stock)
            if len(attempts) == 1:
                self.assertEqual(self.in_threads(other), [])
            product.stock -= 1
            product.save()

        return take_one, attempts

    def test_a_transaction_is_run_again(self):
        """The second attempt sees what the other one committed."""
        take_one, attempts = self.meddling(retries=1)
        take_one()
        self.assertEqual((attempts, self.stock()), ([30, 20], 19))

    def test_without_retries_the_error_shows(self):
        """And the connection can be used at once."""
        take_one, attempts = self.meddling(retries=0)
        with self.assertRaises(OperationalError) as caught:
            take_one()
        self.assertTrue(is_serialization_failure(caught.exception))
        self.assertEqual((attempts, self.stock()), ([30], 20))

    def test_inside_another_block_nothing_is_run_again(self):
        """Only the outermost transaction could be."""
        take_one, attempts = self.meddling(retries=5)
        with self.assertRaises(OperationalError), transaction.atomic():
            take_one()
        self.assertEqual((attempts, self.stock()), ([30], 20))

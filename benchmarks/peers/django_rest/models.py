"""The tables, as Django's ORM maps them. The database keeps what has a default."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now


class User(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    email = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    role = models.CharField(max_length=20)
    active = models.BooleanField(default=True)

    is_authenticated = True

    class Meta:
        managed = False
        db_table = "users"


class Session(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE)
    expires_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "sessions"


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=255)
    phone = models.CharField(max_length=20)
    cpf = models.CharField(max_length=14, unique=True)
    address = models.TextField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "customers"


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=255)
    unit = models.CharField(max_length=20)
    description = models.TextField(null=True)
    stock = models.IntegerField(default=0)
    purchase_price = models.DecimalField(max_digits=10, decimal_places=2)
    sale_price = models.DecimalField(max_digits=10, decimal_places=2)
    sale_type = models.CharField(max_length=50)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed = False
        db_table = "products"


class Presale(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    number = models.BigIntegerField(db_default=0)
    customer = models.ForeignKey(Customer, models.PROTECT)
    status = models.CharField(max_length=20, db_default="draft")
    total = models.DecimalField(max_digits=10, decimal_places=2, db_default=0)
    discount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    notes = models.TextField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        managed = False
        db_table = "presales"


class PresaleItem(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    presale = models.ForeignKey(Presale, models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.DecimalField(max_digits=10, decimal_places=3)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    total_price = models.DecimalField(max_digits=10, decimal_places=2, db_default=0)
    discount = models.DecimalField(max_digits=10, decimal_places=2, default=0)

    class Meta:
        managed = False
        db_table = "presale_items"
        ordering = ("id",)

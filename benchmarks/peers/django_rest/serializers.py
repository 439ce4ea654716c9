"""What goes in and out."""

from typing import Any

from django.db import transaction
from rest_framework import serializers

from benchmarks.peers.django_rest.models import Customer, Presale, PresaleItem, Product


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ("id", "name", "email", "phone", "cpf", "address", "created_at", "updated_at")


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = (
            *("id", "code", "name", "unit", "description", "stock", "purchase_price", "sale_price", "sale_type"),
            *("created_at", "updated_at"),
        )


class ItemSerializer(serializers.ModelSerializer):
    product_id = serializers.PrimaryKeyRelatedField(source="product", queryset=Product.objects.all())

    class Meta:
        model = PresaleItem
        fields = ("id", "presale_id", "product_id", "quantity", "unit_price", "total_price", "discount")
        read_only_fields = ("id", "presale_id", "total_price")
        extra_kwargs = {"unit_price": {"required": False}}  # noqa: RUF012


class PresaleRowSerializer(serializers.ModelSerializer):
    class Meta:
        model = Presale
        fields = (
            *("id", "number", "customer_id", "status", "total", "discount", "notes"),
            *("created_at", "updated_at"),
        )


class PresaleSerializer(PresaleRowSerializer):
    customer_id = serializers.PrimaryKeyRelatedField(source="customer", queryset=Customer.objects.all())
    items = ItemSerializer(many=True)

    class Meta(PresaleRowSerializer.Meta):
        fields = (*PresaleRowSerializer.Meta.fields, "items")
        read_only_fields = ("id", "number", "status", "total", "created_at", "updated_at")

    def create(self, validated_data: dict[str, Any]) -> Presale:
        items = validated_data.pop("items")
        with transaction.atomic():
            presale = Presale.objects.create(**validated_data)
            PresaleItem.objects.bulk_create(PresaleItem(presale=presale, **item) for item in items)
        return Presale.objects.prefetch_related("items").get(pk=presale.pk)

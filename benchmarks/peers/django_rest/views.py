"""The views."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.filters import BaseFilterBackend
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.viewsets import ModelViewSet

from benchmarks.peers.django_rest.models import Customer, Presale, Product
from benchmarks.peers.django_rest.serializers import (
    CustomerSerializer,
    PresaleRowSerializer,
    PresaleSerializer,
    ProductSerializer,
)

MATCHES = "search_beginnings(customer_words(name, email, cpf, phone)) @@ (SELECT search_beginnings_query(%s))"


class CustomerSearch(BaseFilterBackend):
    """The database's own full text search, by its index."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        typed = request.query_params.get("search")
        if not typed:
            return queryset
        return queryset.extra(  # noqa: S610 - the ORM has no words for this operator on these functions
            where=[MATCHES], params=[typed]
        )


class CustomerViewSet(ModelViewSet):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    filter_backends = (*api_settings.DEFAULT_FILTER_BACKENDS, CustomerSearch)


class ProductViewSet(ModelViewSet):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer


class PresaleViewSet(ModelViewSet):
    queryset = Presale.objects.all()
    serializer_class = PresaleSerializer
    filterset_fields = ("status",)

    def get_queryset(self) -> QuerySet[Presale]:
        queryset = super().get_queryset()
        return queryset if self.action == "list" else queryset.prefetch_related("items")

    def get_serializer_class(self) -> Any:
        return PresaleRowSerializer if self.action == "list" else PresaleSerializer


@api_view(["GET"])
@authentication_classes([])
@permission_classes([])
def health(request: Any) -> Response:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (version,) = cursor.fetchone()
    return Response({"status": "healthy", "version": version})

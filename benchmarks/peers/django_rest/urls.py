"""The addresses."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.peers.django_rest import views

router = SimpleRouter()
router.register("customers", views.CustomerViewSet)
router.register("products", views.ProductViewSet)
router.register("presales", views.PresaleViewSet)

urlpatterns = [path("api/health", views.health), path("api/", include(router.urls))]

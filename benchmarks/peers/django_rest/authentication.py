"""`TokenAuthentication` of Django REST framework, with the sessions that this database has."""

import hashlib
from typing import Any

from django.utils import timezone
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from benchmarks.peers.django_rest.models import Session


class SessionTokenAuthentication(TokenAuthentication):
    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        sessions = Session.objects.select_related("user").filter(expires_at__gt=timezone.now(), user__active=True)
        try:
            session = sessions.get(token_hash=hashlib.sha256(key.encode()).hexdigest())
        except Session.DoesNotExist:
            raise AuthenticationFailed from None
        return session.user, session

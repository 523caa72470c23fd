"""Tokens for the API."""

from collections.abc import Sequence

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.accounts import services
from server.accounts.models import ApiToken
from server.core.errors import Conflict
from server.core.schema import refuses


class SignInSerializer(serializers.Serializer[object]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    name = serializers.CharField(max_length=120, default="sign-in", help_text="what the token is for")


class TokenSerializer(serializers.Serializer[object]):
    token = serializers.CharField()


@refuses(post=(401, 429), delete=(409,))
class TokenApi(APIView):
    """POST makes a token of a name and password; DELETE revokes the token it is called with."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Signing in needs no account, and a stale token must not prevent it."""
        return [] if self.request is not None and self.request.method == "POST" else super().get_authenticators()

    def get_permissions(self) -> Sequence[BasePermission]:
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated()]

    @extend_schema(request=SignInSerializer, responses={201: TokenSerializer})
    def post(self, request: Request) -> Response:
        body = SignInSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        now = timezone.now()
        user = services.sign_in(username=given["username"], password=given["password"], now=now)
        return Response({"token": services.token_create(user=user, name=given["name"], now=now)}, status=201)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiToken):
            raise Conflict("no_token", "You are signed in without a token; sign out on the page instead.")
        services.token_revoke(token=request.auth, now=timezone.now())
        return Response(status=204)

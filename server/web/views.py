"""Today and signing in."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone

from server.accounts.services import sign_in
from server.core.errors import LintelError
from server.core.permissions import Resource
from server.web import selectors
from server.web.access import Page, no_store
from server.web.forms import SignInForm


class SignInPage(LoginView):
    """Sign in with name and password; five wrong passwords lock the name for half a minute, as in the API."""

    template_name = "web/sign_in.html"
    redirect_authenticated_user = True
    form_class = SignInForm  # type: ignore[assignment]  # checked by accounts.services, not by Django's own form

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._again(form, 400)
        try:
            user = sign_in(**form.cleaned_data, now=timezone.now(), request=request)
        except LintelError as error:
            form.add_error(None, str(error))
            return self._again(form, error.status)
        login(request, user)
        return redirect(self.get_success_url())

    def _again(self, form: SignInForm, status: int) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=status)


class TodayPage(Page):
    """Who is in, who came by, and who was not recognised."""

    resource = Resource.PRESENCE
    template = "web/today.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = selectors.today(user=request.user, now=timezone.now())
        return no_store(render(request, self.template, {"today": found, "page": "today"}))


class TodayPart(TodayPage):
    """The moving part of Today, fetched again every few seconds."""

    template = "web/parts/today.html"


def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """Browsers ask for it where a page names no icon."""
    return redirect(static("web/icon.svg"))

"""What people type into the pages."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from server.sites.models import Door

MAX_IMAGES = 20
ACCEPT = "image/jpeg,image/png,image/webp,image/bmp"


class SignInForm(forms.Form):
    """Name and password; `request` is what Django's own view hands over."""

    username = forms.CharField(
        label="Name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
        error_messages={"required": "Type the name of your account."},
    )
    password = forms.CharField(
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password."},
    )

    def __init__(self, data: object = None, *, request: HttpRequest | None = None, **options: object) -> None:
        super().__init__(data, **options)  # type: ignore[arg-type]  # handed on as it came
        self.request = request


class ImagesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ImagesField(forms.FileField):
    """One or several images."""

    def clean(self, data: object, initial: object = None) -> list[UploadedFile]:
        files = data if isinstance(data, list) else [data]
        if len(files) > MAX_IMAGES:
            raise forms.ValidationError(f"Choose at most {MAX_IMAGES} images at a time.")
        return [super(ImagesField, self).clean(file, initial) for file in (files or [None])]


class ImagesForm(forms.Form):
    """More samples of somebody who is there already."""

    consent = forms.BooleanField(
        label="This person has agreed to be recognised at the doors",
        error_messages={"required": "Without consent nobody is enrolled. Ask first, then tick this box."},
    )
    images = ImagesField(
        label="Images",
        widget=ImagesInput(attrs={"accept": ACCEPT}),
        help_text="One face each: upright, well lit, looking at the camera. Three or more different ones work best.",
        error_messages={"required": "Choose at least one image.", "empty": "This file is empty; choose another one."},
    )


class EnrolForm(ImagesForm):
    """A new person with the first samples."""

    name = forms.CharField(max_length=200, error_messages={"required": "Type the person's name."})
    number = forms.CharField(max_length=64, required=False, label="Staff or student number")
    field_order = ("consent", "name", "number", "images")


class ClaimForm(forms.Form):
    """A node that is to be claimed."""

    name = forms.CharField(max_length=120, label="Name of the node", error_messages={"required": "Give the node a name."})
    door = forms.ModelChoiceField(
        Door.objects.select_related("site"),
        to_field_name="uuid",
        empty_label="Choose a door",
        error_messages={"required": "Choose the door it hangs at.", "invalid_choice": "There is no such door; choose one of the list."},
    )

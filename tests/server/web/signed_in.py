"""Signed-in browsers and files for the tests of the pages."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories_people import make_account


def signed_in(role: str = "admin") -> Client:
    client = Client()
    client.force_login(make_account(role))
    return client


def file(data: bytes, name: str = "face.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")

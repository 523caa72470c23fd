"""The pages of people and of unknown passes."""

from django.urls import path

from server.web import people, people_choice, person, person_sightings, unknown

decide_page = person_sightings.PersonDecidePage.as_view

urlpatterns = [
    path("people/", people.PeoplePage.as_view(), name="people-page"),
    path("people/choices/", people_choice.PeopleChoicePart.as_view(), name="people-choice-part"),
    path("people/<uuid:person>/", person.PersonPage.as_view(), name="person-page"),
    path("people/<uuid:person>/sightings/", person_sightings.PersonSightingsPart.as_view(), name="person-sightings-part"),
    path("people/<uuid:person>/sightings/<uuid:sighting>/assign/", decide_page(deed="assign"), name="person-assign-page"),
    path("people/<uuid:person>/sightings/<uuid:sighting>/reject/", decide_page(deed="reject"), name="person-reject-page"),
    path("people/<uuid:person>/sightings/<uuid:sighting>/undo/", decide_page(deed="undo"), name="person-undo-page"),
    path("people/<uuid:person>/sessions/<uuid:session>/dispute/", person.DisputePage.as_view(), name="dispute-page"),
    path("me/", person.MyPage.as_view(), name="my-page"),
    path("unknown/", unknown.UnknownPage.as_view(), name="unknown-page"),
    path("unknown/update/", unknown.UnknownUpdatePage.as_view(), name="unknown-update-page"),
    path("unknown/<uuid:group>/", unknown.UnknownGroupPage.as_view(), name="unknown-group-page"),
    path("unknown/<uuid:group>/assign/", unknown.UnknownAssignPage.as_view(), name="unknown-assign-page"),
    path("unknown/<uuid:group>/ignore/", unknown.UnknownIgnorePage.as_view(), name="unknown-ignore-page"),
    path("unknown/<uuid:group>/undo/", unknown.UnknownUndoPage.as_view(), name="unknown-undo-page"),
    path("unknown/<uuid:group>/take-out/", unknown.UnknownTakeOutPage.as_view(), name="unknown-take-out-page"),
]

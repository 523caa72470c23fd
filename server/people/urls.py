from django.urls import path

from server.people.apis import GroupApi, GroupsApi, MembershipApi, MembershipsApi, PeopleApi, PersonApi

urlpatterns = [
    path("people", PeopleApi.as_view(), name="people"),
    path("people/<uuid:person>", PersonApi.as_view(), name="person"),
    path("groups", GroupsApi.as_view(), name="groups"),
    path("groups/<uuid:group>", GroupApi.as_view(), name="group"),
    path("memberships", MembershipsApi.as_view(), name="memberships"),
    path("memberships/<uuid:membership>", MembershipApi.as_view(), name="membership"),
]

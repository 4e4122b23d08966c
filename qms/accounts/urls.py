"""Addresses of signing in, one's own account, people and the authority's files."""

from django.urls import path

from qms.accounts import views_account, views_people, views_sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views_sign_in.show_sign_in, name="login"),
    path("sign-in/recovery/", views_sign_in.show_sign_in, {"with_recovery_code": True}, name="login-recovery"),
    path("sign-out/", views_sign_in.sign_out, name="logout"),
    path("enrol/<str:secret>/", views_sign_in.show_enrolment, name="enrol"),
    path("demo/codes/", views_sign_in.show_demo_codes, name="demo-codes"),
    path("demo/files/<str:name>", views_sign_in.give_demo_file, name="demo-file"),
    path("ca.pem", views_account.download_authority, name="authority"),
    path("ca.crl", views_account.download_revocation_list, name="revocation-list"),
    path("account/", views_account.show_profile, name="profile"),
    path("account/preferences/", views_account.change_preferences, name="preferences"),
    path("account/tour/end/", views_account.close_tour, name="tour-end"),
    path("account/password/", views_account.show_password, name="password"),
    path("account/certificate/", views_account.show_certificate, name="certificate"),
    path("account/certificate/import/", views_account.import_certificate, name="certificate-import"),
    path("account/device/test/", views_account.show_device_test, name="device-test"),
    path("account/device/replace/", views_account.show_device_replacement, name="device-replace"),
    path("account/device/lost/", views_account.show_lost_device, name="device-lost"),
    path("account/recovery-codes/", views_account.show_recovery_codes, name="recovery-codes"),
    path("account/policy/", views_account.show_policy, name="policy"),
    path("account/sessions/close/", views_account.close_other_sessions, name="sessions-close"),
    path("people/", views_people.list_people, name="person-list"),
    path("people/add/", views_people.add_person, name="person-add"),
    path("people/register/", views_people.show_register, name="access-register"),
    path("people/<str:username>/", views_people.show_person, name="person"),
    path("people/<str:username>/details/", views_people.describe, name="person-describe"),
    path("people/<str:username>/roles/give/", views_people.grant, name="role-grant"),
    path("people/<str:username>/roles/<slug:role>/end/", views_people.end, name="role-end"),
    path("people/<str:username>/deactivate/", views_people.deactivate, name="person-deactivate"),
    path("people/<str:username>/reactivate/", views_people.reactivate, name="person-reactivate"),
    path("people/<str:username>/unlock/", views_people.unlock, name="person-unlock"),
    path("people/<str:username>/identity/", views_people.check_identity, name="person-identity"),
    path("people/<str:username>/link/", views_people.make_link, name="person-link"),
    path("people/<str:username>/reset/", views_people.reset, name="person-reset"),
    path("people/<str:username>/certificate/revoke/", views_people.revoke, name="certificate-revoke"),
    path("people/<str:username>/sessions/close/", views_people.close, name="person-sessions-close"),
]

"""Creates users of every kind, and prints them as JSON: their names, passwords and second factors."""
import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP  # noqa: E402
from allauth.mfa.utils import encrypt  # noqa: E402
from allauth.socialaccount.models import SocialAccount, SocialToken  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402

User = get_user_model()
people = []
HASHERS = ["pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt"]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def person(kind, password="a long password %s", hasher="default", email=True, rows=True, verified=True, username=None, typed=None, **columns):
    n = len(people)
    username = username or f"user{n}"
    address = f"user{n}@example.com" if email is True else email or (f"none{n}@example.com" if os.environ.get("SITE_USER") == "uuid" else "")
    password = password and password.replace("%s", str(n))
    user = User(username=username, email=address, **columns)
    user.password = make_password(password, hasher=hasher)
    user.save()
    if email and rows:
        EmailAddress.objects.create(user=user, email=address.lower(), verified=verified, primary=True)
    found = {"kind": kind, "id": str(user.pk), "username": username, "email": address if email else "", "password": typed or password or "", "hash": user.password, "secret": "", "codes": [], "uid": ""}
    people.append(found)
    return user, found


def totp(user, found, secret=SECRET):
    TOTP.activate(user, secret)
    found["secret"] = secret


def recovery(user, found, used=0):
    codes = RecoveryCodes.activate(user)
    found["codes"] = codes.generate_codes()
    for i in range(used):
        codes.validate_code(found["codes"][i])
    found["codes"] = found["codes"][used:]


def migrated(user, found):
    found["codes"] = ["ABCD-1234", "efgh-5678", "ijkl9012", "12345678", "87654321"]
    Authenticator.objects.create(user=user, type="recovery_codes", data={"migrated_codes": [encrypt(code) for code in found["codes"]]})


for hasher in HASHERS:
    person(f"{hasher}", hasher=hasher)
    totp(*person(f"{hasher}, TOTP", hasher=hasher))
    user, found = person(f"{hasher}, TOTP, recovery codes", hasher=hasher)
    totp(user, found)
    recovery(user, found)
    user, found = person(f"{hasher}, TOTP, some recovery codes used", hasher=hasher)
    totp(user, found)
    recovery(user, found, used=3)
    user, found = person(f"{hasher}, TOTP, migrated recovery codes", hasher=hasher)
    totp(user, found)
    migrated(user, found)
    person(f"{hasher}, key", hasher=hasher)
    person(f"{hasher}, passkey", hasher=hasher)

person("hash of a legacy hasher", hasher="md5")
person("password that Django trimmed", password="blanks around %s", typed="  blanks around %s ".replace("%s", str(len(people))))
person("password with accents", password="Gr\u00fc\u00dfe und K\u00fcsse %s")
person("password with decomposed accents", password="Gru\u0308\u00dfe und Ku\u0308sse %s")
person("password with emoji", password="\U0001f434 battery staple %s")
person("password of 72 bytes, bcrypt", password="x" * 72, hasher="bcrypt")
person("password of 200 bytes, bcrypt_sha256", password="y" * 200, hasher="bcrypt_sha256")
person("password of 1200 bytes", password="z" * 1200)
person("no password", password=None)
person("no password, TOTP", password=None)
totp(*[(User.objects.get(pk=people[-1]["id"]), people[-1])][0])
person("username alone", email=False)
totp(*person("username alone, TOTP", email=False))
person("username in upper case", username="UPPER")
person("username with accents", username="\u00c9lodie")
person("username that differs in case", username="Twin")
person("username that differs in case", username="tWIN")
person("unverified address", verified=False)
person("address of the user model alone", rows=False)
person("address of the user model alone, in upper case", rows=False, email="Boss@Example.COM")
user, found = person("two addresses")
EmailAddress.objects.create(user=user, email="second@example.com", verified=True, primary=False)
user, found = person("an unverified second address")
EmailAddress.objects.create(user=user, email="unverified@example.com", verified=False, primary=False)
person("disabled", is_active=False)
totp(*person("disabled, TOTP", is_active=False))
person("staff", is_staff=True)
person("superuser", is_staff=True, is_superuser=True)
totp(*person("TOTP secret of five bytes"), secret="JBSWY3DP")
user, found = person("unreadable second factor")
Authenticator.objects.create(user=user, type="totp", data={"secret": "the site has lost the key of this text"})
user, found = person("recovery codes without another factor")
recovery(user, found)
for kind, token in (("account at a provider", False), ("account at a provider, with a token", True)):
    user, found = person(kind, password=None)
    found["uid"] = f"subject-{user.pk}"
    account = SocialAccount.objects.create(user=user, provider="own", uid=found["uid"], extra_data={"sub": found["uid"]})
    if token:
        SocialToken.objects.create(account=account, token="access", token_secret="refresh")
user, found = person("account at a provider, TOTP", password=None)
totp(user, found)
found["uid"] = f"subject-{user.pk}"
SocialAccount.objects.create(user=user, provider="own", uid=found["uid"], extra_data={"sub": found["uid"]})
user, found = person("account at a provider, and a password")
found["uid"] = f"subject-{user.pk}"
SocialAccount.objects.create(user=user, provider="own", uid=found["uid"], extra_data={"sub": found["uid"]})

print(json.dumps(people))

# Prints the settings of a Django site as JSON, for allauth django inspect. The file has the
# secret key: keep it to yourself, and delete it afterwards.
#
#     umask 077; allauth django settings | python manage.py shell > django.json
import json

from django.conf import settings
from django.contrib.auth import get_user_model

User = get_user_model()


def column(name):
    fields = {field.name: field for field in User._meta.concrete_fields}
    return fields[name].column if name in fields else "-"


def printed():
    key = "uuid" if "UUID" in type(User._meta.pk).__name__ else "integer"
    names = [name for name in dir(settings) if name.isupper() and name.startswith(("ACCOUNT_", "MFA_", "SOCIALACCOUNT_", "HEADLESS_", "USERSESSIONS_"))]
    names += ["SECRET_KEY", "SECRET_KEY_FALLBACKS", "SESSION_ENGINE", "SESSION_SERIALIZER", "SESSION_COOKIE_NAME", "PASSWORD_HASHERS"]
    values = {name: getattr(settings, name, None) for name in names}
    values = {name: sorted(value) if isinstance(value, (set, frozenset)) else value for name, value in values.items()}
    user = {"table": User._meta.db_table, "key": key, "id": User._meta.pk.column}
    user.update({name: column(name) for name in ("password", "last_login", "is_active", "date_joined")})
    user["username"] = column(getattr(settings, "ACCOUNT_USER_MODEL_USERNAME_FIELD", "username") or "-")
    user["email"] = column(getattr(settings, "ACCOUNT_USER_MODEL_EMAIL_FIELD", "email") or "-")
    return {"user": user, "settings": values}


print(json.dumps(printed(), default=str, indent=1))

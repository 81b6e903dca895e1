"""A small site with django-allauth: its database is in SITE_DATABASE, its user model in SITE_USER."""
import os

SECRET_KEY = "the secret key of a site that moves, which is long enough"
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ, USE_I18N, TIME_ZONE = True, False, "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
if os.environ.get("SITE_USER") == "uuid":
    INSTALLED_APPS.append("people")
    AUTH_USER_MODEL = "people.Person"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

_kind, _, _rest = os.environ["SITE_DATABASE"].partition("://")
if _kind == "sqlite":
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _rest, "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"}}}
else:
    from urllib.parse import urlsplit

    _url = urlsplit(os.environ["SITE_DATABASE"])
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path.lstrip("/"),
            "USER": _url.username,
            "PASSWORD": _url.password or "",
            "HOST": _url.hostname,
            "PORT": _url.port or 5432,
        }
    }

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ["SITE_MAIL"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "hashers.FewIterations",  # cheap hashes of Django's standard kinds
    "hashers.FewSHA1Iterations",
    "hashers.LittleMemory",
    "hashers.LowCostSHA256",
    "hashers.LowCost",
    "hashers.SmallScrypt",
    "django.contrib.auth.hashers.MD5PasswordHasher",
]
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
MFA_TOTP_TOLERANCE = 1
MFA_ADAPTER = "adapter.Adapter"
HEADLESS_ONLY = True
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": "http://localhost/verify/{key}",
    "account_reset_password_from_key": "http://localhost/reset/{key}",
    "account_signup": "http://localhost/signup",
}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {"provider_id": "own", "name": "Own", "client_id": "site", "secret": "secret", "settings": {"server_url": os.environ.get("SITE_PROVIDER", "")}},
        ]
    }
}

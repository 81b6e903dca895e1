"""A hasher of Django that costs little."""
from django.contrib.auth.hashers import PBKDF2PasswordHasher


class FewIterations(PBKDF2PasswordHasher):
    iterations = 1000

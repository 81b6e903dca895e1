"""Hashers of Django that cost little."""
from django.contrib.auth import hashers


class FewIterations(hashers.PBKDF2PasswordHasher):
    iterations = 1000


class LittleMemory(hashers.Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 1, 64, 1


class LowCostSHA256(hashers.BCryptSHA256PasswordHasher):
    rounds = 4


class LowCost(hashers.BCryptPasswordHasher):
    rounds = 4


class FewSHA1Iterations(hashers.PBKDF2SHA1PasswordHasher):
    iterations = 1000


class SmallScrypt(hashers.ScryptPasswordHasher):
    work_factor = 2**10

"""The real password hasher, made cheap: hundreds of tests make a person, and none of them attacks the password."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8
    parallelism = 1

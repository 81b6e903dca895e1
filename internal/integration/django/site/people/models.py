"""A user model with a UUID, a unique address and a column that must be filled."""
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    country = models.CharField(max_length=2)
    newsletter = models.BooleanField(default=False)
    points = models.IntegerField(default=0)

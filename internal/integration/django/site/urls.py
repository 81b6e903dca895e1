"""The API of django-allauth, and nothing else."""
from django.urls import include, path

urlpatterns = [path("_allauth/", include("allauth.headless.urls"))]

"""Django settings for the type checker only: it needs to know the tables."""

SECRET_KEY = "types"
INSTALLED_APPS = ["ml_connector.store.apps.StoreConfig"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

"""Django's settings, derived from the instance: nothing here is edited by hand.

What a person sets lives in ``config/*.toml`` and in a few environment variables (`DATABASE_URL`, `COBRANZA_HOME`,
`COBRANZA_DATA`, `COBRANZA_OUTPUT`, `COBRANZA_DEBUG`).
"""

from __future__ import annotations

import os
from pathlib import Path

from cobranza import database, suite

BASE_DIR = Path(__file__).resolve().parent
SUITE_ROOT = suite.activate()

DEBUG = os.environ.get("COBRANZA_DEBUG") == "1"
SECRET_KEY = database.django_key()
ALLOWED_HOSTS = [host for host in os.environ.get("COBRANZA_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if host]

# A room is an app when it has an apps.py, and so is a part of a room; adding one edits no list.
_ROOMS = sorted(
    ".".join(file.parent.relative_to(BASE_DIR).parts)
    for pattern in ("*/apps.py", "*/*/apps.py")
    for file in BASE_DIR.glob(pattern)
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "procrastinate.contrib.django",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    *(f"cobranza.{room}" for room in _ROOMS),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "cobranza.console.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cobranza.console.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cobranza.console.middleware.Gate",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cobranza.console.urls"
WSGI_APPLICATION = "cobranza.console.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "cobranza.console.context.shell",
            ]
        },
    }
]

DATABASES = {"default": database.django_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "console:login"
LOGIN_REDIRECT_URL = "console:home"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_CALLABLE = "cobranza.console.views.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]

LANGUAGE_CODE = "es"
LANGUAGES = [("es", "Español"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Madrid"

STATIC_URL = "/static/"
STATIC_ROOT = suite.data_folder() / "static"
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]  # TLS ends at the reverse proxy; README says how

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("COBRANZA_LOG", "WARNING")},
}

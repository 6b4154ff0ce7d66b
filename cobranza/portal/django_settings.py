"""Django's settings of the portal: the instance's, without anything of the staff's.

The tables stay those of the instance, so the rooms are here as apps; the console, its sessions, accounts and
administration are not, and no room's own pages are mounted.
"""

from __future__ import annotations

import os

from cobranza import settings as house
from cobranza.portal.settings import read

_portal = read()

BASE_DIR = house.BASE_DIR
DEBUG = False
SECRET_KEY = house.SECRET_KEY
ALLOWED_HOSTS = [_portal.host, "127.0.0.1"] if _portal.host else ["127.0.0.1", "localhost", "[::1]"]

_ELSEWHERE = ("cobranza.console", "cobranza.portal")
INSTALLED_APPS = [
    "cobranza.portal",  # first: its own translations win over those of the rooms
    "django.contrib.auth",  # tables that rooms refer to; nobody logs in here
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    *(app for app in house.INSTALLED_APPS if app.startswith("cobranza.") and app not in _ELSEWHERE),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "cobranza.portal.middleware.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cobranza.portal.middleware.Language",
    "cobranza.portal.middleware.Door",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

ROOT_URLCONF = "cobranza.portal.addresses"
WSGI_APPLICATION = "cobranza.portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "cobranza.portal.templatetags.portal",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "cobranza.portal.context.page",
            ],
        },
    }
]

DATABASES = house.DATABASES
DEFAULT_AUTO_FIELD = house.DEFAULT_AUTO_FIELD

LANGUAGE_CODE = "es"
LANGUAGES = [("es", "Español"), ("en", "English"), ("pt", "Português")]
LANGUAGE_COOKIE_NAME = "portal_idioma"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = house.TIME_ZONE

STATIC_URL = "/portal-estilo/"
STATIC_ROOT = None
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # the staff's files are not served
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SECURE = _portal.direccion.startswith("https://")
LANGUAGE_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "portal_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "cobranza.portal.views.entry.csrf_failed"
CSRF_TRUSTED_ORIGINS = [_portal.direccion] if SECURE else []
SECURE_CONTENT_TYPE_NOSNIFF = True
# The address of a page holds the link: no other site learns it. "no-referrer" would have browsers send Origin: null
# with our own forms, which Django's CSRF check rightly refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _portal.proxies else None

DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "cobranza.portal.masking.Masked",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("COBRANZA_LOG", "WARNING")},
    # Django's own handlers would write addresses, and so links, unmasked.
    "loggers": {"django": {"handlers": [], "propagate": True}, "django.server": {"handlers": [], "propagate": True}},
}

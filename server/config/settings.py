"""Django's settings, derived from the configuration file and the secrets. Nothing here is meant to be edited by an operator."""

import secrets as random_bytes

from server.config.configuration import load_or_default
from server.config.logs import logging_config
from server.core import secrets

CONFIG = load_or_default()
LINTEL_CONFIG = CONFIG
LINTEL_OBJECTS = CONFIG.objects.model_dump(mode="json")
LINTEL_MODELS = CONFIG.models.folder
LINTEL_SECRETS = secrets.read(CONFIG.data)
MAX_REQUEST_BYTES = 64 * 1024 * 1024

# Before `init` there is no lasting key: sessions of this process end with it.
SECRET_KEY = LINTEL_SECRETS.django_secret_key if LINTEL_SECRETS else random_bytes.token_urlsafe(64)
DEBUG = False
ALLOWED_HOSTS = list(CONFIG.allowed_hosts)
AUTH_USER_MODEL = "accounts.User"
ROOT_URLCONF = "server.config.urls"
WSGI_APPLICATION = "server.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en-gb"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "server.core",
    "server.recompute",
    "server.audit",
    "server.accounts",
    "server.sites",
    "server.nodes",
    "server.people",
    "server.gallery",
    "server.sightings",
    "server.schedules",
    "server.attendance",
    "server.reports",
    "server.web",
    "server.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "server.core.middleware.ContentSecurityPolicy",
    "server.core.middleware.BodyLimits",
    "server.sightings.crop_turns.CropTurns",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "server.core.middleware.DatabaseDown",
]

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
                "server.web.access.menu",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": CONFIG.database.name,
        "USER": CONFIG.database.user,
        "PASSWORD": CONFIG.database.password(),
        "HOST": CONFIG.database.host,
        "PORT": CONFIG.database.port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10},
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

STATIC_URL = "/static/"
STATIC_ROOT = CONFIG.data / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored through Django: see core/objects.py
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False

DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None

SESSION_COOKIE_SECURE = CONFIG.secure_cookies
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = CONFIG.secure_cookies
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "server.core.problems.csrf_failure"
SECURE_SSL_REDIRECT = CONFIG.secure_cookies
SECURE_REDIRECT_EXEMPT = [r"^api/v1/health$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.secure_cookies else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if CONFIG.secure_cookies else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = CONFIG.secure_cookies
SECURE_HSTS_PRELOAD = CONFIG.secure_cookies
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "server.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["server.core.permissions.MatrixPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["server.core.parsers.StrictJsonParser"],
    "DEFAULT_PAGINATION_CLASS": "server.core.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "server.core.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "server.core.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 100,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Lintel",
    "DESCRIPTION": "Attendance from the doorway. All identifiers are UUIDs, all times are aware, errors are problem details (RFC 9457).",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SampleStateEnum": "server.people.models.SampleState",
        "SecondLookStateEnum": "server.sightings.second_look_selectors.State",
        "SessionKindEnum": "server.schedules.models.Kind",
        "AttendanceStateEnum": "server.attendance.models.STATES",
        "SaidStateEnum": "server.attendance.correction_models.SAID",
        "CorrectionStateEnum": "server.attendance.correction_models.CorrectionState",
        "DiscrepancyStateEnum": "server.attendance.seal_models.DiscrepancyState",
        "ExportKindEnum": "server.reports.models.ExportKind",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

Q_CLUSTER = {
    "name": "lintel",
    "orm": "default",
    "workers": 1,
    "timeout": 120,
    "retry": 180,
    "max_attempts": 3,
    "ack_failures": True,
    "poll": 0.5,
    "queue_limit": 50,
    "save_limit": 200,
    "catch_up": False,
    "label": "Lintel jobs",
}

LOGGING_CONFIG = None
logging_config()

RECOMPUTE_HANDLERS = {
    "times": "server.sightings.tasks.derive_times",
    "person_day": "server.attendance.tasks.derive_person_day",
    "person": "server.attendance.tasks.derive_person",
    "session": "server.attendance.tasks.derive_session",
    "site_days": "server.attendance.tasks.derive_site_days",
    "coverage": "server.attendance.tasks.derive_coverage",
}
RECOMPUTE_TOGETHER = {
    "person_day": ("server.attendance.tasks.derive_person_days", 2),  # of one site and day
    "coverage": ("server.attendance.tasks.derive_coverages", 0),  # whatever there is
}
RECOMPUTE_LAST = ("site_days", "person")
GALLERY_REVISION = "server.gallery.selectors.gallery_revision"
NODE_HIGH_WATER = "server.sightings.selectors.high_water"
SITE_CLOCK_CHANGED = "server.schedules.services.site_replan"
NODE_TOKEN_DAYS = CONFIG.node_token_days

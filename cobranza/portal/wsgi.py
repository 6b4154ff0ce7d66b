"""The WSGI application that the portal's server loads."""

import os

from django.core.wsgi import get_wsgi_application

# Set, not defaulted: the portal never runs on the staff's settings, whatever the environment says.
os.environ["DJANGO_SETTINGS_MODULE"] = "cobranza.portal.django_settings"
application = get_wsgi_application()

"""What was learned, in the console's menu; `cobranza.reconciliation.navigation` takes it in."""

from django.utils.translation import gettext_lazy as _

from cobranza.screens.navigation import Item

ITEMS = (Item(url="reconciliation:learned", label=_("Lo aprendido"), icon="spark", group=_("Conciliación"), order=26),)

"""The filters that show a text which Python holds in the reader's language; every template has them."""

from __future__ import annotations

from django import template

from qms.web.language import tell_event, translate

register = template.Library()
register.filter("translated", translate)
register.filter("told", tell_event)

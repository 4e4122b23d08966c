"""The demonstration plant: made-up people, two products and lots in every state.

Owns what is shown and in which order it comes about. Every row is written by the product's
own rules, in the name of the person whose work it is, with their password and a fresh code
of their device. Refused where ``DEMO`` is off.
"""

from qms.home.demo.plant import ensure_plant

__all__ = ["ensure_plant"]

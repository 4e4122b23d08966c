"""Who may see which product's lots and batches: the access rule of every page, file and job.

A person sees the products they were given access to and nothing else, whatever their
role; an outsider is told that the page does not exist, so that numbers cannot be tried out.
Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet

from qms.accounts.models import User
from qms.batches.errors import BatchNotFound, LotNotFound, ProductNotFound
from qms.batches.models import BatchRecord, Lot, Product, ProductAccess
from records.acting import acting
from records.evidence import Actor
from records.workflow import take_role

PERMISSION = "work_on_product"
GRANTERS = ("qa_manager",)


def products_for(user_id: int | None) -> QuerySet[Product]:
    """Return the products whose lots a person may see."""
    given = ProductAccess.objects.filter(user_id=user_id, permission__codename=PERMISSION)
    return Product.objects.filter(pk__in=given.values("content_object"))


def lots_for(user_id: int | None) -> QuerySet[Lot]:
    """Return the lots a person may see."""
    return Lot.objects.filter(product__in=products_for(user_id)).select_related("product")


def batches_for(user_id: int | None) -> QuerySet[BatchRecord]:
    """Return the batch records a person may see."""
    return BatchRecord.objects.filter(lot__product__in=products_for(user_id)).select_related(
        "lot__product", "station", "model_version", "author"
    )


def load_batch(user_id: int | None, number: str) -> BatchRecord:
    """Return a batch record by number. Raises: `BatchNotFound` for outsiders as for wrong numbers."""
    found = batches_for(user_id).filter(number=number).first()
    if found is None:
        raise BatchNotFound(number=number[:40])
    return found


def load_product(user_id: int | None, code: str) -> Product:
    """Return a product by code. Raises: `ProductNotFound` for outsiders as for wrong codes."""
    found = products_for(user_id).filter(code=code).first()
    if found is None:
        raise ProductNotFound(code=code[:40])
    return found


def load_lot(user_id: int | None, number: str) -> Lot:
    """Return a lot by number. Raises: `LotNotFound` for outsiders as for wrong numbers."""
    found = lots_for(user_id).filter(number=number).first()
    if found is None:
        raise LotNotFound(number=number[:40])
    return found


def may_see_product(user_id: int | None, product_id: int) -> bool:
    """Tell whether a person has access to a product."""
    return products_for(user_id).filter(pk=product_id).exists()


def people_with_access(product: Product) -> QuerySet[User]:
    """Return the people who may see a product's lots."""
    given = ProductAccess.objects.filter(content_object=product, permission__codename=PERMISSION)
    return User.objects.filter(pk__in=given.values("user")).order_by("printed_name")


def grant_access(product: Product, *, person: User, actor: Actor, reason: str) -> ProductAccess:
    """Let a person work on a product's lots.

    Writes: batches_productaccess, `batches.access.granted`. Serves: 21 CFR 11.10(d)(g).
    """
    actor = take_role(actor, GRANTERS)
    details = {"person": person.username, "code": product.code}
    with transaction.atomic(), acting(actor, "batches.access.granted", reason=reason, details=details):
        return insert_access(product, person_id=person.pk)


def end_access(product: Product, *, person: User, actor: Actor, reason: str) -> None:
    """Take a person's access to a product's lots away, at once.

    Writes: batches_productaccess, `batches.access.ended`. Serves: 21 CFR 11.10(d)(g).
    """
    actor = take_role(actor, GRANTERS)
    details = {"person": person.username, "code": product.code}
    with transaction.atomic(), acting(actor, "batches.access.ended", reason=reason, details=details):
        ProductAccess.objects.filter(content_object=product, user=person).delete()


def insert_access(product: Product, *, person_id: int) -> ProductAccess:
    """Insert the access row once; must run inside an act."""
    permission = Permission.objects.get(codename=PERMISSION, content_type__app_label="batches")
    access: ProductAccess
    access, _ = ProductAccess.objects.get_or_create(user_id=person_id, permission=permission, content_object=product)
    return access

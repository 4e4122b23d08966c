"""Master data: products with their defect library and limits, stations, lots."""

from __future__ import annotations

from typing import Any

from django.db import models
from guardian.models import UserObjectPermissionBase

from qms.releases.models import ModelVersion
from records.history import TrackedHistory


class Severity(models.TextChoices):
    """Defect classes, worst first; the worst counts once per unit."""

    CRITICAL = "critical", "Critical"
    MAJOR = "major", "Major"
    MINOR = "minor", "Minor"


class Product(models.Model):
    """What is inspected: container, limits, AQL classes, size of the random check.

    ``expected_class`` is the model's class of a right vial. Rates are percentages.
    """

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=120)
    container = models.CharField(max_length=80)
    expected_class = models.CharField(max_length=60)
    random_check_size = models.PositiveSmallIntegerField(default=20)
    reject_rate_limit = models.DecimalField(max_digits=5, decimal_places=2)
    critical_rate_limit = models.DecimalField(max_digits=5, decimal_places=2)
    inspection_level = models.CharField(max_length=3, default="II")
    aql_critical = models.CharField(max_length=6)
    aql_major = models.CharField(max_length=6)
    aql_minor = models.CharField(max_length=6)
    reconciliation_tolerance = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        permissions = (("work_on_product", "May work on lots of this product"),)
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class ProductAccess(UserObjectPermissionBase):
    """A person's scope: the products whose lots they may see and work on (guardian)."""

    content_object = models.ForeignKey(Product, on_delete=models.PROTECT)

    history = TrackedHistory(deletable=True)


class DefectClass(models.Model):
    """One entry of a product's defect library. ``model_class`` names the model output it stands for."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="defects")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    model_class = models.CharField(max_length=60, blank=True)
    is_active = models.BooleanField(default=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("product", "code")
        constraints = (models.UniqueConstraint(fields=("product", "code"), name="defectclass_once"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.get_severity_display()})"


class Station(models.Model):
    """An inspection station: its key, and until when it is qualified and calibrated.

    Serves: 21 CFR 11.10(h).
    """

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=80)
    public_key = models.TextField()
    qualified_until = models.DateField()
    is_active = models.BooleanField(default=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class ProductModel(models.Model):
    """Which model version is approved to inspect which product. Ended, never deleted."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="models")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="products")
    ended_at = models.DateTimeField(null=True, blank=True)

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("product",), condition=models.Q(ended_at=None), name="productmodel_one_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.product} by {self.model_version}"


class Lot(models.Model):
    """A lot of one product. Its inspections are batch records."""

    number = models.CharField(max_length=40, unique=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lots")
    size = models.PositiveIntegerField()
    manufactured_on = models.DateField()
    expires_on = models.DateField()

    history = TrackedHistory()

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.number

    def content(self) -> dict[str, Any]:
        """Return the lot's part of a batch record's content."""
        return {
            "number": self.number,
            "product": self.product.code,
            "product_name": self.product.name,
            "container": self.product.container,
            "size": self.size,
            "manufactured_on": self.manufactured_on.isoformat(),
            "expires_on": self.expires_on.isoformat(),
        }

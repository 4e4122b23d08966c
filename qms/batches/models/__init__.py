"""The data of vial inspection, by subject; import models from here."""

from qms.batches.models.aql import AqlFinding, AqlSample, Reconciliation
from qms.batches.models.batch import BatchRecord, Disposition, Investigation
from qms.batches.models.challenge import ChallengeImage, ChallengeRun, ChallengeSet
from qms.batches.models.images import FileImport, ImportProgress, RefusedFile, StationDelivery, VialImage
from qms.batches.models.master import DefectClass, Lot, Product, ProductAccess, ProductModel, Station
from qms.batches.models.results import ImageFailure, InspectionRun, Overlay, Result, RunHeartbeat
from qms.batches.models.reviews import Decision

__all__ = (
    "AqlFinding",
    "AqlSample",
    "BatchRecord",
    "ChallengeImage",
    "ChallengeRun",
    "ChallengeSet",
    "Decision",
    "DefectClass",
    "Disposition",
    "FileImport",
    "ImageFailure",
    "ImportProgress",
    "InspectionRun",
    "Investigation",
    "Lot",
    "Overlay",
    "Product",
    "ProductAccess",
    "ProductModel",
    "Reconciliation",
    "RefusedFile",
    "Result",
    "RunHeartbeat",
    "Station",
    "StationDelivery",
    "VialImage",
)

"""The records of validation, one module per kind."""

from validation.models.deviations import Deviation
from validation.models.executions import Execution, HandOver, StepEntry, StepEvidence
from validation.models.protocols import Protocol, ProtocolStep
from validation.models.requirements import FunctionalRisk, MatrixVersion, Requirement, RequirementSet
from validation.models.systems import ConfigurationItem, System

__all__ = [
    "ConfigurationItem",
    "Deviation",
    "Execution",
    "FunctionalRisk",
    "HandOver",
    "MatrixVersion",
    "Protocol",
    "ProtocolStep",
    "Requirement",
    "RequirementSet",
    "StepEntry",
    "StepEvidence",
    "System",
]

"""The records of validation, one module per kind."""

from validation.models.comments import CommentEntry, ReviewComment
from validation.models.data_flows import DataFlow, FlowLink, FlowStage
from validation.models.datasets import DataItem, DataSet, DataSetOpening
from validation.models.determinations import RecordDetermination
from validation.models.deviations import Deviation
from validation.models.executions import EvidenceWithdrawal, Execution, HandOver, StepEntry, StepEvidence
from validation.models.gaps import GapAnswer, GapAssessment, GapClosure, GapEvidence
from validation.models.plans import PlanSection, ValidationPlan
from validation.models.prints import TracePrint
from validation.models.protocols import Protocol, ProtocolStep
from validation.models.reports import SummaryReport
from validation.models.requirements import FunctionalRisk, MatrixVersion, Requirement, RequirementSet
from validation.models.result_keys import ResultKey
from validation.models.reviews import PeriodicReview, ReviewItem
from validation.models.studies import KnappRun, KnappStudy
from validation.models.systems import ConfigurationItem, System

__all__ = [
    "CommentEntry",
    "ConfigurationItem",
    "DataFlow",
    "DataItem",
    "DataSet",
    "DataSetOpening",
    "Deviation",
    "EvidenceWithdrawal",
    "Execution",
    "FlowLink",
    "FlowStage",
    "FunctionalRisk",
    "GapAnswer",
    "GapAssessment",
    "GapClosure",
    "GapEvidence",
    "HandOver",
    "KnappRun",
    "KnappStudy",
    "MatrixVersion",
    "PeriodicReview",
    "PlanSection",
    "Protocol",
    "ProtocolStep",
    "RecordDetermination",
    "Requirement",
    "RequirementSet",
    "ResultKey",
    "ReviewComment",
    "ReviewItem",
    "StepEntry",
    "StepEvidence",
    "SummaryReport",
    "System",
    "TracePrint",
    "ValidationPlan",
]

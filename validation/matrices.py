"""The risk matrix as approved data: drawn up by an engineer, signed, and then in force for all ratings.

Serves: EU GMP Annex 11 §1.
"""

from __future__ import annotations

from records.creation import create_record
from records.evidence import Actor
from records.workflow import take_role
from validation.errors_records import MatrixNotApproved
from validation.models import MatrixVersion
from validation.risk import RiskMatrix, cells_of
from validation.workflow import ENGINEERS


def propose_matrix(matrix: RiskMatrix, *, actor: Actor, title: str, reason: str) -> MatrixVersion:
    """Draw up a matrix; it counts once its route is signed.

    Writes: validation_matrixversion, `validation.matrix.proposed`. Raises: as `RiskMatrix.check`.
    """
    actor = take_role(actor, ENGINEERS)
    cells, act = cells_of(matrix.check()), "validation.matrix.proposed"
    return create_record(MatrixVersion, actor=actor, title=title, act=act, reason=reason, cells=cells)


def matrix_in_force() -> MatrixVersion:
    """Return the newest approved matrix. Raises: `MatrixNotApproved`."""
    found = MatrixVersion.objects.filter(state="approved").order_by("-pk").first()
    if found is None:
        raise MatrixNotApproved
    return found

"""Named refusals of model versions."""

from __future__ import annotations

from records.errors import Refusal


class ModelVersionNotFound(Refusal):
    code = "releases.model_version_not_found"
    status = 404
    message = "There is no model version {number}."


class ModelVersionTaken(Refusal):
    code = "releases.model_version_taken"
    status = 409
    message = "{name} {version} is registered already, as {number}. A changed model needs a new version."


class ModelNotValid(Refusal):
    code = "releases.model_not_valid"
    status = 422
    message = "The model version cannot be registered so: {why}."


class ArtefactChanged(Refusal):
    code = "releases.artefact_changed"
    clause = "11.10(a)"
    status = 409
    message = "The stored file of {number} is missing or changed, so it cannot be released. Tell an administrator."


class AuthorCannotRelease(Refusal):
    code = "releases.author_cannot_release"
    clause = "11.10(g)"
    status = 403
    message = "You registered {number}, so somebody else must sign for its quality."

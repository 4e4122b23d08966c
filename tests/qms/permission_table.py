"""Who may open and who may post to every address: the table that the product is held to.

It says what each role is there to do, not what the code happens to allow. An address that
is missing here fails the test. The people of the table have the object in their scope,
save administration, which has no product; whether a stranger of the same role sees
anything is the question of ``test_strangers.py``.
Serves: 21 CFR 11.10(d)(g).
"""

from __future__ import annotations

from dataclasses import dataclass

NOBODY: frozenset[str] = frozenset()
ADMINISTRATOR = frozenset({"administrator"})
OFFICER = frozenset({"security_officer"})
ADMINISTRATION = ADMINISTRATOR | OFFICER
INSPECTOR = frozenset({"inspector"})
OPERATOR = frozenset({"operator"})
QA = frozenset({"qa_manager"})
SCIENTIST = frozenset({"data_scientist"})
INDEPENDENT = frozenset({"reviewer", "qa_manager"})
SECOND = frozenset({"second_inspector", "reviewer", "qa_manager", "operator"})
SAMPLER = frozenset({"operator", "second_inspector"})
MODELS = frozenset({"data_scientist", "qa_manager", "operator", "second_inspector", "reviewer", "validation_engineer"})
ENGINEER = frozenset({"validation_engineer"})
SETTERS = frozenset({"validation_engineer", "data_scientist"})
VALIDATION = frozenset({"validation_engineer", "qa_manager", "reviewer", "data_scientist"})
LIBRARY = VALIDATION | INSPECTOR
STATIONS = MODELS - SCIENTIST
QUALITY = MODELS | {"sponsor"}
"""Everybody who works on records; each sees those of their products."""

COMPANY = QUALITY | ADMINISTRATION
SIGNED_IN = COMPANY | INSPECTOR
EVERYBODY = SIGNED_IN | {"anonymous"}
REGULATORS = INDEPENDENT | INSPECTOR


@dataclass(frozen=True)
class Rule:
    """Who gets an answer to GET and to POST; an empty set means that the method is not offered."""

    get: frozenset[str] = NOBODY
    post: frozenset[str] = NOBODY


def only_post(who: frozenset[str]) -> Rule:
    """Return the rule of an address that is posted to and shows nothing."""
    return Rule(post=who)


def form(who: frozenset[str]) -> Rule:
    """Return the rule of a page whose form the same people may send."""
    return Rule(get=who, post=who)


# fmt: off
TABLE: dict[str, Rule] = {
    # The plant itself.
    "livez": Rule(EVERYBODY),
    "readyz": Rule(EVERYBODY),
    "home:home": Rule(SIGNED_IN),
    "home:system": Rule(ADMINISTRATOR),
    "home:health": Rule(ADMINISTRATOR),
    "home:first-run": Rule(ADMINISTRATOR),
    "backups:list": Rule(ADMINISTRATOR),
    "backups:start": only_post(ADMINISTRATOR),
    "backups:progress": Rule(ADMINISTRATOR),
    "backups:set": Rule(ADMINISTRATOR),
    "backups:drill": only_post(ADMINISTRATOR),
    "web:help": Rule(EVERYBODY),
    "web:help-topic": Rule(EVERYBODY),
    "web:texts": Rule(EVERYBODY),
    "web:glossary": Rule(EVERYBODY),
    "web:preferences": only_post(EVERYBODY),
    "web:stay": only_post(SIGNED_IN),
    # Signing in and one's own account. Demonstration pages exist only with DEMO=1.
    "accounts:login": form(EVERYBODY),
    "accounts:login-recovery": form(EVERYBODY),
    "accounts:logout": only_post(SIGNED_IN),
    "accounts:enrol": Rule(),  # opened by nothing but its secret
    "accounts:demo-codes": Rule(),
    "accounts:demo-file": Rule(),
    "accounts:authority": Rule(EVERYBODY),
    "accounts:revocation-list": Rule(EVERYBODY),
    "accounts:profile": Rule(SIGNED_IN),
    "accounts:preferences": form(SIGNED_IN),
    "accounts:password": form(SIGNED_IN),
    "accounts:device-test": form(SIGNED_IN),
    "accounts:device-replace": form(SIGNED_IN),
    "accounts:device-lost": form(SIGNED_IN),
    "accounts:recovery-codes": form(SIGNED_IN),
    "accounts:sessions-close": only_post(SIGNED_IN),
    "accounts:tour-end": only_post(SIGNED_IN),
    "accounts:policy": form(COMPANY),
    "accounts:certificate": form(COMPANY),
    "accounts:certificate-import": form(COMPANY),
    # People: the administrator lets in, the officer identifies; neither works on records.
    "accounts:access-register": Rule(ADMINISTRATION | QA | INSPECTOR),
    "accounts:person-list": Rule(ADMINISTRATION),
    "accounts:person": Rule(ADMINISTRATION),
    "accounts:person-add": form(ADMINISTRATOR),
    "accounts:person-describe": form(ADMINISTRATOR),
    "accounts:role-grant": form(ADMINISTRATOR),
    "accounts:role-end": form(ADMINISTRATOR),
    "accounts:person-deactivate": form(ADMINISTRATION),
    "accounts:person-reactivate": form(ADMINISTRATOR),
    "accounts:person-unlock": form(OFFICER),
    "accounts:person-identity": form(OFFICER),
    "accounts:person-link": only_post(ADMINISTRATION),
    "accounts:person-reset": form(ADMINISTRATION),
    "accounts:certificate-revoke": form(OFFICER),
    "accounts:person-sessions-close": only_post(ADMINISTRATION),
    # Batches: whoever has the product reads; the operator works; quality assurance decides.
    "batches:batch-list": Rule(COMPANY),  # empty without a product
    "batches:batch-new": form(OPERATOR),
    "batches:batch-detail": Rule(QUALITY),
    "batches:batch-content": Rule(QUALITY),
    "batches:batch-signatures": Rule(QUALITY),
    "batches:batch-history": Rule(QUALITY),
    "batches:batch-links": Rule(QUALITY),
    "batches:batch-edit": form(OPERATOR),
    "batches:batch-withdraw": form(OPERATOR),
    "batches:import-new": form(OPERATOR),
    "batches:import-complete": form(OPERATOR),
    "batches:import-detail": Rule(QUALITY),
    "batches:import-progress": Rule(QUALITY),
    "batches:import-refused": Rule(QUALITY),
    "batches:import-take": only_post(OPERATOR),
    "batches:import-give-up": only_post(OPERATOR),
    "batches:run-start": only_post(OPERATOR),
    "batches:run-progress": Rule(QUALITY),
    "batches:run-retry": only_post(OPERATOR),
    "batches:run-hand-over": only_post(OPERATOR),
    "batches:quarantine-lift": form(QA),
    "batches:unit-thumbnail": Rule(QUALITY),
    "batches:unit-display": Rule(QUALITY),
    "batches:unit-overlay": Rule(QUALITY),
    "batches:unit-original": Rule(QUALITY),
    "batches:attachment": Rule(QUALITY),
    "batches:review": Rule(QUALITY),
    "batches:review-queue": Rule(QUALITY),
    "batches:random-check": Rule(QUALITY),
    "batches:unit": Rule(QUALITY),
    "batches:unit-decide": only_post(OPERATOR),
    "batches:unit-verify": only_post(SECOND),
    "batches:check-answers": Rule(QUALITY),
    "batches:sample": Rule(QUALITY, SAMPLER),
    "batches:sample-draw": only_post(SAMPLER),
    "batches:reconciliation": Rule(QUALITY, OPERATOR),
    "batches:investigation": Rule(QUALITY, QA),
    "batches:trail": Rule(QUALITY),
    "batches:disposition": Rule(QUALITY, QA),
    "batches:return": only_post(INDEPENDENT),
    "batches:reinspection": only_post(OPERATOR),
    # Master data: quality assurance keeps it; a lot is made by whoever receives it.
    "batches:product-list": Rule(COMPANY),  # empty without a product
    "batches:product-detail": Rule(QUALITY),
    "batches:product-new": form(QA),
    "batches:product-edit": form(QA),
    "batches:defect-new": form(QA),
    "batches:defect-end": form(QA),
    "batches:product-model": form(QA),
    "batches:product-model-end": form(QA),
    "batches:product-access": form(QA),
    "batches:product-access-end": form(QA),
    "batches:challenge-set-new": form(QA),
    "batches:lot-list": Rule(COMPANY),  # empty without a product
    "batches:lot-new": form(OPERATOR | QA),
    "batches:station-list": Rule(STATIONS),
    "batches:station-new": form(QA),
    "batches:station-edit": form(QA),
    # Models serve many products, so their readers are roles.
    "releases:model-list": Rule(MODELS),
    "releases:model-detail": Rule(MODELS),
    "releases:model-artefact": Rule(MODELS),
    "releases:model-new": form(SCIENTIST),
    # Systems belong to the site, so their readers are roles; engineers write, quality signs.
    "validating:system-list": Rule(VALIDATION),
    "validating:system-new": form(ENGINEER),
    "validating:system-detail": Rule(VALIDATION),
    "validating:system-edit": form(ENGINEER),
    "validating:item-new": form(ENGINEER),
    "validating:item-end": form(ENGINEER),
    "validating:requirements-new": only_post(ENGINEER),
    "validating:requirements": Rule(VALIDATION, ENGINEER),
    "validating:requirements-import": form(ENGINEER),
    "validating:requirements-amend": form(ENGINEER),
    "validating:requirement-withdraw": form(ENGINEER),
    "validating:matrix-list": Rule(VALIDATION),
    "validating:matrix-new": form(ENGINEER),
    "validating:matrix-detail": Rule(VALIDATION),
    "validating:review-new": only_post(ENGINEER | QA),
    "validating:review-detail": Rule(VALIDATION, ENGINEER | QA),
    "validating:review-refresh": only_post(ENGINEER | QA),
    "validating:data-flow-new": form(ENGINEER),
    "validating:data-flow-detail": Rule(VALIDATION, ENGINEER),
    "validating:data-flow-edit": form(ENGINEER),
    "validating:data-flow-explain": only_post(ENGINEER),
    "validating:data-flow-revise": form(ENGINEER),
    "validating:protocol-new": form(ENGINEER),
    "validating:protocol-detail": Rule(VALIDATION),
    "validating:protocol-edit": form(ENGINEER),
    "validating:protocol-revise": form(ENGINEER),
    "validating:protocol-execute": form(ENGINEER),
    "validating:step-new": form(ENGINEER),
    "validating:steps-import": form(ENGINEER),
    "validating:step-edit": form(ENGINEER),
    "validating:step-remove": only_post(ENGINEER),
    "validating:execution-detail": Rule(VALIDATION),
    "validating:result": only_post(ENGINEER),
    "validating:correction": only_post(ENGINEER),
    "validating:evidence-new": only_post(ENGINEER),
    "validating:evidence": Rule(VALIDATION),
    "validating:evidence-withdraw": form(ENGINEER),
    "validating:results-import": form(ENGINEER),
    "validating:results-deliver": Rule(),  # opened by nothing but a key of the run
    "validating:key-list": Rule(VALIDATION, ENGINEER),
    "validating:key-revoke": form(ENGINEER | QA),
    "validating:deviation-new": only_post(ENGINEER),
    "validating:take-over": form(ENGINEER),
    "validating:run-again": form(ENGINEER),
    "validating:deviation-list": Rule(VALIDATION),
    "validating:deviation-detail": Rule(VALIDATION, ENGINEER | QA),
    "validating:study-list": Rule(VALIDATION),
    "validating:study-new": form(ENGINEER),
    "validating:study-detail": Rule(VALIDATION),
    "validating:study-edit": form(ENGINEER),
    "validating:study-containers": form(ENGINEER),
    "validating:study-revise": form(ENGINEER),
    "validating:study-runs": form(ENGINEER),
    "validating:study-conclusion": form(ENGINEER),
    "validating:study-sheet": Rule(VALIDATION),
    "validating:study-sheet-csv": Rule(VALIDATION),
    "validating:set-list": Rule(VALIDATION),
    "validating:set-new": form(SETTERS),
    "validating:set-detail": Rule(VALIDATION),
    "validating:set-edit": form(ENGINEER),
    "validating:set-import": form(ENGINEER),
    "validating:set-exclude": form(ENGINEER),
    "validating:set-exclude-shared": form(ENGINEER),
    "validating:set-revise": form(SETTERS),
    "validating:set-consume": form(SETTERS | QA),
    "validating:set-manifest": Rule(VALIDATION),
    "validating:trace": Rule(VALIDATION),
    "validating:trace-csv": Rule(VALIDATION),
    "validating:trace-print-new": only_post(VALIDATION),
    "validating:trace-print": Rule(VALIDATION),
    "validating:trace-pdf": Rule(VALIDATION),
    "validating:edition-list": Rule(LIBRARY),
    "validating:edition-detail": Rule(LIBRARY),
    "validating:gap-list": Rule(VALIDATION),
    "validating:gap-new": form(ENGINEER),
    "validating:gap-detail": Rule(VALIDATION),
    "validating:gap-edit": form(ENGINEER),
    "validating:gap-revise": form(ENGINEER),
    "validating:gap-answer": only_post(ENGINEER),
    "validating:gap-close": form(ENGINEER | QA),
    "validating:gap-evidence": Rule(VALIDATION),
    "validating:determination-list": Rule(VALIDATION),
    "validating:determination-new": form(ENGINEER | QA),
    "validating:determination-detail": Rule(VALIDATION),
    "validating:determination-edit": form(ENGINEER | QA),
    "validating:determination-revise": form(ENGINEER | QA),
    "validating:plan-list": Rule(VALIDATION),
    "validating:master-plan-new": form(ENGINEER),
    "validating:plan-new": form(ENGINEER),
    "validating:plan-detail": Rule(VALIDATION),
    "validating:plan-edit": form(ENGINEER),
    "validating:plan-section": form(ENGINEER),
    "validating:plan-refresh": only_post(ENGINEER),
    "validating:plan-revise": form(ENGINEER),
    "validating:comment-new": form(VALIDATION),
    "validating:comment-detail": form(VALIDATION),
    "validating:report-new": Rule(VALIDATION, ENGINEER),
    "validating:report-detail": Rule(VALIDATION, ENGINEER),
    "validating:report-refresh": only_post(ENGINEER),
    "validating:report-withdraw": form(ENGINEER),
    # Signing: the route's roles open it, the signer alone sees the ceremony, readers of the record its signatures.
    "signing:list": Rule(QUALITY),
    "signing:next": only_post(QUALITY),
    "signing:open-series": only_post(QUALITY),
    "signing:series": Rule(frozenset({"reviewer"})),  # whose series it is
    "signing:leave-series": only_post(frozenset({"reviewer"})),
    "signing:open": only_post(INDEPENDENT),  # the action of the scene is the audit trail review
    "signing:ceremony": form(frozenset({"reviewer"})),  # whose ceremony it is
    "signing:cancel": only_post(frozenset({"reviewer"})),
    "signing:signature-detail": Rule(QUALITY | INSPECTOR),
    "signing:signature-verify": Rule(QUALITY | INSPECTOR),
    "signing:rendition-state": Rule(QUALITY | INSPECTOR),
    "signing:rendition": Rule(QUALITY | INSPECTOR),
    "signing:statement": Rule(QUALITY | INSPECTOR),
    "signing:cms": Rule(QUALITY | INSPECTOR),
    "signing:content": Rule(QUALITY | INSPECTOR),
    "signing:certificate": Rule(QUALITY | INSPECTOR),
    # The regulator's rooms, which reviewers and quality assurance use too; the back room is quality's.
    "inspections:search": Rule(REGULATORS),
    "inspections:timeline": Rule(REGULATORS),
    "inspections:lot-detail": Rule(REGULATORS),
    "inspections:record-detail": Rule(REGULATORS),
    "inspections:record-compare": Rule(REGULATORS),
    "inspections:record-verify": Rule(REGULATORS),
    "inspections:export-create": only_post(REGULATORS),
    "inspections:export-detail": Rule(INSPECTOR),  # whoever asked for the copy
    "inspections:export-download": Rule(INSPECTOR),
    "inspections:request-list": Rule(REGULATORS),
    "inspections:request-create": only_post(INSPECTOR),
    "inspections:inspection-list": Rule(QA),
    "inspections:access-create": form(QA),
    "inspections:access-detail": Rule(QA),
    "inspections:access-end": only_post(QA),
    "inspections:request-answer": form(QA),
}
# fmt: on

"""The acts of vial inspection, each with the sentence that the timeline prints."""

from records.acts import register

Facts = tuple[str, str] | tuple[str, str, bool]

MASTER_DATA: dict[str, Facts] = {
    "batches.product.registered": ("registered the product {code}", "change", True),
    "batches.product.edited": ("changed the product {code}: {fields}", "change", True),
    "batches.defect.added": ("added the defect {defect} ({severity}) to {code}", "change", True),
    "batches.defect.ended": ("took the defect {defect} of {code} out of use", "change", True),
    "batches.station.registered": ("registered the inspection station {station}", "change", True),
    "batches.station.changed": ("changed the inspection station {station}: {fields}", "change", True),
    "batches.model.approved": ("approved {model} for inspecting {code}", "change", True),
    "batches.model.withdrawn": ("ended the approval of {model} for {code}", "change", True),
    "batches.lot.created": ("created lot {lot} of {code}", "change"),
    "batches.access.granted": ("gave {person} access to {code}", "security", True),
    "batches.access.ended": ("ended the access of {person} to {code}", "security", True),
    "batches.challenge_set.registered": ("registered the challenge set {challenge_set} of {code}", "change", True),
}

BATCH: dict[str, Facts] = {
    "batches.batch.created": ("created {number}: {title}", "change"),
    "batches.batch.withdrawn": ("withdrew {number}", "change", True),
    "batches.upload.checked": ("uploaded {source} for {number}: {good} good, {refused} refused", "change"),
    "batches.upload.chosen": ("chose to take {good} of {source}, without {refused} refused", "change"),
    "batches.upload.given_up": ("gave up the upload {source}: nothing was stored", "change"),
    "batches.upload.lost": ("found that the files of {source} are gone: nothing was stored", "system"),
    "batches.upload.taken": ("took {good} photographs of {source} into {number}; {refused} were refused", "change"),
    "batches.import.completed": ("completed the images of {number}: {units} units", "change"),
    "batches.station.refused": ("offered a delivery whose origin was refused: {code}", "security"),
}

RUN: dict[str, Facts] = {
    "batches.challenge.passed": ("ran the challenge set {phase} of {number}: all {units} decided rightly", "system"),
    "batches.challenge.failed": (
        "ran the challenge set {phase} of {number}: {wrong} of {units} decided wrongly",
        "system",
    ),
    "batches.inspection.started": ("started the inspection of {number} with {model}", "change"),
    "batches.inspection.refused": ("was refused the inspection of {number}: {code}", "security"),
    "batches.run.claimed": ("began attempt {attempt} of {number} at {done} of {total}", "system"),
    "batches.run.interrupted": ("found {number} interrupted at {done} of {total}; attempt {attempt} follows", "system"),
    "batches.run.given_up": ("gave up on {number} after {attempts} attempts without a result", "security"),
    "batches.run.resumed": ("asked for another attempt ({attempt}) of {number}", "change", True),
    "batches.run.ended": ("ended attempt {attempt} of {number}: {state}, {done} of {total} decided", "system"),
    "batches.results.recorded": ("recorded {units} results of {number}: {done} of {total}", "system"),
    "batches.failures.handed_over": ("handed {units} unreadable units of {number} to a person", "change", True),
    "batches.inspection.finished": ("finished the inspection of {number}", "system"),
    "batches.inspection.quarantined": ("put {number} on hold: the challenge after the last unit failed", "system"),
    "batches.investigation.opened": ("opened the investigation “{trigger}” of {number}", "system"),
    "batches.quarantine.lifted": ("opened {number} for review after the failed challenge", "change", True),
    "batches.overlays.made": ("kept what the model looked at in {units} units of {number}", "system"),
}

ACTS = register({**MASTER_DATA, **BATCH, **RUN})

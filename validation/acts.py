"""The acts of validation, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "validation.system.registered": ("registered {number}: {title}", "change", True),
        "validation.system.begun": ("began to validate {number}", "change"),
        "validation.system.retired": ("retired {number}", "signature"),
        "validation.item.added": ("put {name} {version} under configuration management of {number}", "change", True),
        "validation.item.ended": ("took {name} {version} out of {number}", "change", True),
        "validation.matrix.proposed": ("drew up the risk matrix {number}", "change", True),
        "validation.matrix.approved": ("approved the risk matrix {number}", "signature"),
        "validation.matrix.retired": ("retired the risk matrix {number}", "signature"),
        "validation.requirements.begun": ("began the requirements {number}: {title}", "change"),
        "validation.requirements.changed": ("changed requirements of {number}: {summary}", "change"),
        "validation.requirements.imported": ("imported {count} requirements into {number}", "change"),
        "validation.requirement.withdrawn": ("withdrew {ref} of {number}", "change", True),
        "validation.requirements.baselined": ("approved a baseline of {number}", "signature"),
        "validation.requirements.reopened": ("opened {number} for amendments", "change", True),
        "validation.protocol.drafted": ("drafted {number}: {title}", "change"),
        "validation.protocol.edited": ("changed {number}: {what}", "change"),
        "validation.protocol.approved": ("approved {number} for execution", "signature"),
        "validation.protocol.revised": ("opened {number} for revision", "change", True),
        "validation.protocol.retired": ("retired {number}", "signature"),
        "validation.execution.begun": ("began {number}: {title}", "change"),
        "validation.result.recorded": ("recorded step {step} of {number}: {result}", "change"),
        "validation.result.corrected": ("corrected step {step} of {number} to {result}", "change", True),
        "validation.results.imported": ("recorded {steps} of {number} from {name}: {summary}", "change"),
        "validation.evidence.added": ("added evidence {name} to step {step} of {number}", "change"),
        "validation.execution.taken_over": ("took {number} over from {from_person}", "change", True),
        "validation.execution.finished": ("signed the execution {number}", "signature"),
        "validation.execution.returned": ("returned {number} to its executor", "change", True),
        "validation.execution.reviewed": ("reviewed {number}", "signature"),
        "validation.deviation.raised": ("raised {number}: {title}", "change"),
        "validation.deviation.disposed": ("disposed of {number}", "signature"),
    }
)

"""The acts of a regulator's visit."""

from records.acts import register

ACTS = register(
    {
        "inspections.access.granted": ("gave {inspector} ({agency}) read-only access until {until}", "security", True),
        "inspections.access.ended": ("ended the read-only access of {inspector}", "security", True),
        "inspections.search.made": ("searched for “{query}” and found {hits}", "access"),
        "inspections.lot.viewed": ("opened lot {lot}", "access"),
        "inspections.record.viewed": ("opened {number} ({page})", "access"),
        "inspections.request.made": ("asked for: {text}", "access"),
        "inspections.request.answered": ("answered a request: {state}", "access"),
        "inspections.export.requested": ("asked for a copy of {number} as {export}", "access"),
        "inspections.export.made": ("made the copy {export} of {number}", "system"),
        "inspections.export.failed": ("could not make the copy {export} of {number}: {error}", "system"),
        "inspections.export.downloaded": ("took the copy {export} of {number} away", "access"),
    }
)

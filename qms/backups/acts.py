"""The acts of backup and restore, each with the sentence that the timeline prints."""

from records.acts import register

ACTS = register(
    {
        "backups.job.requested": ("asked for a {kind}", "system"),
        "backups.set.made": ("made the backup {name}: {files} files, {rows} rows", "system"),
        "backups.set.found": ("found the backup {name} again: {files} files, {rows} rows", "system"),
        "backups.set.failed": ("could not make a backup: {why}", "security"),
        "backups.drill.finished": ("restored {name} into a scratch place: {outcome}", "system"),
        "backups.drill.failed": ("could not finish the restore drill of {name}: {why}", "security"),
        "backups.set.restored": ("restored this installation from the backup {name}, {size} bytes", "security"),
    }
)

"""What the people of the demonstration concluded in the first periodic review of the pipeline. Text only.

A conclusion is (what was concluded, what has to follow).
"""
# ruff: noqa: E501  a row of a table is one line

from __future__ import annotations

SUMMARY = "The pipeline is what its report calls validated, and is used within the limits named there. Two actions follow; neither keeps it from being used."
CONCLUSIONS = {
    "functions": ("Model, software and procedure are those of the validation report; the data flow still shows every interface.",),
    "changes": ("Every change went through its route. Together they do not ask for validation anew.",),
    "deviations": ("One deviation, found in the OQ. Its cause was corrected and the step passed in the next run; it has not come again.",),
    "executions": ("Each requirement has a step that passed in a reviewed run. The failed run stands beside the one that passed.",),
    "incidents": ("Signing in, devices and signatures of the first days. Nobody was locked out, and nothing points to an attack.",),
    "access": ("Everybody holds the one role of their work; the administrator holds none of quality.", "Read the access register once a quarter, first at the end of this one."),
    "trail": ("No batch was disposed of before its audit trail was reviewed; those that wait for the review cannot be.",),
    "backups": ("No set was made and no restore was tried yet.", "Set the time of the daily backup, and prove a restore in a scratch place before the first lot of routine use."),
    "status": ("The system is validated, and the trace matrix has no gap.",),
    "earlier": ("First review: nothing was asked for earlier.",),
}  # fmt: skip

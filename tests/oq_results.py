"""Run the tests that carry requirements and keep their report, as the demonstration's OQ takes it for evidence.

``python -m tests.oq_results`` writes ``examples/validation/oq-results.xml``: JUnit XML with what ran, how it ended,
when and in which version, without the machine it ran on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from qms.build import read_version

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "examples" / "validation" / "oq-results.xml"
KEPT_OF_SUITE = ("name", "errors", "failures", "skipped", "tests", "timestamp")
FAULTS = ("failure", "error", "skipped")


def run_tests(report: Path) -> int:
    """Run the marked tests and return pytest's exit code."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--ds=tests.settings",
        "-m",
        "requirement",
        f"--junitxml={report}",
        "tests",
    ]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def shorten_report(raw: bytes) -> bytes:
    """Return the report with its cases, their requirements and ends, and nothing of the machine or the duration."""
    suite = next(ET.fromstring(raw).iter("testsuite"))
    kept = ET.Element("testsuite", {name: suite.get(name, "") for name in KEPT_OF_SUITE} | {"name": "requirements"})
    ET.SubElement(
        ET.SubElement(kept, "properties"), "property", {"name": "version", "value": read_version(ROOT / "CHANGELOG.md")}
    )
    for case in sorted(suite.iter("testcase"), key=lambda one: (one.get("classname", ""), one.get("name", ""))):
        made = ET.SubElement(kept, "testcase", {name: case.get(name, "") for name in ("classname", "name")})
        properties = ET.SubElement(made, "properties")
        for row in case.iter("property"):
            if row.get("name") == "requirement":
                ET.SubElement(properties, "property", dict(row.attrib))
        for fault in FAULTS:
            for found in case.iter(fault):
                ET.SubElement(made, fault, {"message": found.get("message", "")})
    ET.indent(kept)
    written: bytes = ET.tostring(kept, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def main() -> int:
    """Run the tests and write their report, whatever they say; return pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = run_tests(report)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_bytes(shorten_report(report.read_bytes()))
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
    return code


if __name__ == "__main__":
    sys.exit(main())

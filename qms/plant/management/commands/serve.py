"""Run the plant on its embedded servers, for an evaluation or a pilot of one's own."""

from qms.plant.management.serving import PlantCommand


class Command(PlantCommand):
    """Start the whole plant on this machine, empty until its first administrator enrols."""

    help = __doc__

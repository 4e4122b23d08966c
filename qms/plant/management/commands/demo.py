"""Run the demonstration plant, with its people and lots, until Ctrl-C."""

from qms.plant.management.serving import PlantCommand


class Command(PlantCommand):
    """Start the whole plant on this machine with demonstration people and lots."""

    help = __doc__
    with_demonstration = True

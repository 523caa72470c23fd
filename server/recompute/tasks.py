"""What the workers run. Every task may run twice, late or not at all."""

from server.recompute import services


def work_off() -> int:
    """Derive what is marked."""
    return services.work_off()


def sweep() -> int:
    """Scheduled every minute: finds the marks whose task was lost or whose pause is over."""
    return services.work_off()

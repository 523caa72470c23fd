"""What happens at a door: frames with their time go in, decided passes come out. Pure: no clock, no randomness, no files."""

from shared_schema.doorway.doorway import Doorway
from shared_schema.doorway.policy import policy_of
from shared_schema.doorway.types import DoorPolicy, PassDecided, Pipeline

__all__ = ["DoorPolicy", "Doorway", "PassDecided", "Pipeline", "policy_of"]

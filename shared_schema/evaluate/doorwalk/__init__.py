"""The door-walk benchmark: clips of people who walk up to a camera are made from still images and shown to the whole `Doorway`."""

from shared_schema.evaluate.doorwalk.run import DoorwalkTask, evaluate_doorwalk

__all__ = ["DoorwalkTask", "evaluate_doorwalk"]

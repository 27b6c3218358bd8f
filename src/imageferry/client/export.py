"""Turn an image back into an object."""

from __future__ import annotations

from imageferry.ports.cloud import Cloud, TaskInfo, Watch


def export(
    cloud: Cloud,
    image: str,
    container: str,
    *,
    wait: bool = True,
    timeout_s: float | None = None,
    watch: Watch = lambda _: None,
) -> TaskInfo:
    """Write an image (name or id) as a VMDK into a container, and wait for the end.

    Returns:
        The job; its ``location`` is the container's path.

    Raises:
        Refused: this cloud exports nothing, or not this.
        TaskFailed, Cancelled, TimedOut: as in ``wait_export``.
    """
    raise NotImplementedError

"""Turn an image back into an object."""

from __future__ import annotations

from imageferry.client.wait import wait_export
from imageferry.domain.errors import Refused
from imageferry.ports.cloud import Cloud, Moved, TaskInfo, Watch


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
    if cloud.exports is None:
        raise Refused(f"cloud {cloud.name}", "no exports", "it cannot write an image into a container; pull it instead")
    image_id = cloud.images.show(image).id
    cloud.objects.make_container(container)
    task = cloud.exports.start(image_id, container)
    watch(Moved(stage="export", done=0, total=100, unit="percent", task_id=task.id, image_id=image_id))
    return wait_export(cloud, task.id, timeout_s=timeout_s, watch=watch) if wait else task

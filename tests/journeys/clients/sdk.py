"""openstacksdk, a line of Python a row."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

_HELLO = Row("import hashlib, openstack; cloud = openstack.connect(); disk = open('disk.raw', 'rb').read()")

GROUPS = [
    Group(
        "python",
        "Images",
        [
            _HELLO,
            Row(
                "made = cloud.create_image('first', filename='disk.raw', disk_format='raw', "
                "container_format='bare', wait=True, validate_checksum=True, meta={'os_distro': 'debian'})"
            ),
            Row("made.status, made.size, made.os_distro", r"'active', 3000000, 'debian'"),
            Row(
                "cloud.create_image('first', filename='disk.raw', disk_format='raw', container_format='bare', "
                "validate_checksum=True).id == made.id  # the same bytes are not sent twice",
                "True",
            ),
            Row("cloud.image.find_image('first').id == made.id", "True"),
            Row("cloud.image.find_image('none')", "None"),
            Row("cloud.search_images(filters={'status': 'active'})", "first"),
            Row("[image.name for image in cloud.image.images(limit=1, sort='name:asc')]", r"\['first'\]"),
            Row("cloud.image.download_image(made, output='back.raw')", same="back.raw disk.raw"),
            Row("hashlib.md5(cloud.image.download_image(made).content).hexdigest() == made.checksum", "True"),
            Row(
                "hashlib.md5(b''.join(cloud.image.download_image(made, stream=True).iter_content(65536)))"
                ".hexdigest() == made.checksum",
                "True",
            ),
            Row("cloud.image.update_image(made, min_ram=512, os_version='13').os_version", "13"),
            Row("cloud.image.update_image_properties(cloud.get_image('first'), meta={'hw_disk_bus': 'scsi'})", "True"),
            Row("cloud.image.get_image(made).hw_disk_bus", "scsi"),
            Row("cloud.image.add_tag(made, 'x'); cloud.image.add_tag(made, 'y'); cloud.image.remove_tag(made, 'x')"),
            Row("cloud.image.get_image(made).tags", r"\['y'\]"),
            Row("cloud.image.deactivate_image(made); cloud.image.reactivate_image(made)"),
            Row("cloud.image.update_image(made, visibility='shared').visibility", "shared"),
            Row("cloud.image.add_member(made, member_id='$friend_id').status", "pending"),
            Row("[member.member_id for member in cloud.image.members(made)]", "$friend_id"),
            Row("cloud.image.find_member('$friend_id', made).status", "pending"),
            Row("openstack.connect().image.update_member('$friend_id', made, status='accepted')", who="friend"),
            Row("cloud.image.get_member('$friend_id', made).status", "accepted"),
            Row("cloud.image.remove_member('$friend_id', made)"),
            Row("empty = cloud.image.create_image('later', disk_format='raw', container_format='bare')"),
            Row("empty.data = disk; empty.upload(cloud.image)"),
            Row("cloud.image.get_image(empty).status", "active"),
            Row("cloud.image.delete_image(empty); cloud.delete_image('first', wait=True)"),
        ],
    ),
    Group(
        "python",
        "Import, tasks, stores",
        [
            _HELLO,
            Row(
                "made = cloud.create_image('whole', filename='disk.qcow2', disk_format='qcow2', "
                "container_format='bare', use_import=True, wait=True)"
            ),
            Row("made = cloud.image.wait_for_status(made, 'active'); made.virtual_size", "67108864"),
            Row("empty = cloud.image.create_image('staged', disk_format='qcow2', container_format='bare')"),
            Row("cloud.image.stage_image(empty, filename='disk.qcow2')"),
            Row("cloud.image.import_image(cloud.image.get_image(empty.id), method='glance-direct')"),
            Row("cloud.image.wait_for_status(cloud.image.get_image(empty.id), 'active').status", "active"),
            Row("cloud.image.get_import_info().import_methods", "glance-direct"),
            Row("[store.id for store in cloud.image.stores()]", "default"),
            Row("[task.type for task in cloud.image.tasks()]", "api_image_import"),
            Row("cloud.create_container('disks')", "disks"),
            Row("cloud.create_object('disks', 'web.qcow2', filename='disk.qcow2')"),
            Row(
                "task = cloud.image.create_task(type='import', input={'import_from': 'disks/web.qcow2', "
                "'import_from_format': 'qcow2', 'image_properties': {'name': 'by-task'}})"
            ),
            Row("task = cloud.image.wait_for_task(task, wait=30); task.status", "success"),
            Row("cloud.image.get_task(task).result['image_id']", "-"),
            Row("cloud.set_container_access('disks', 'public')"),
            Row("fetched = cloud.image.create_image('fetched', disk_format='qcow2', container_format='bare')"),
            Row("cloud.image.import_image(fetched, method='web-download', uri='$storage_url/disks/web.qcow2')"),
            Row("cloud.image.wait_for_status(fetched, 'active').status", "active"),
            Row("cloud.image.get_image_schema().name, cloud.image.get_tasks_schema().name", "'image', 'tasks'"),
            Row("[cloud.image.delete_image(image) for image in cloud.image.images()]"),
        ],
    ),
    Group(
        "python",
        "Objects",
        [
            _HELLO,
            Row("cloud.create_container('box')", "box"),
            Row("cloud.object_store.get_info().slo", "max_manifest_segments"),
            Row("cloud.object_store.upload_object(container='box', name='plain', data=disk)"),
            Row("cloud.create_object('box', 'small', filename='disk.raw', metadata={'X-Object-Meta-Colour': 'red'})"),
            Row("cloud.create_object('box', 'static', filename='disk.raw', segment_size=1 << 20)"),
            Row("cloud.create_object('box', 'dynamic', filename='disk.raw', segment_size=1 << 20, use_slo=False)"),
            Row(
                "[cloud.object_store.get_object_metadata(n, container='box').content_length for n in "
                "('small', 'static')]",
                "(3000000.*){2}",
            ),
            Row("cloud.get_object('box', 'static', outfile='back.raw')", same="back.raw disk.raw"),
            Row("cloud.object_store.download_object('plain', container='box') == disk", "True"),
            Row("b''.join(cloud.object_store.stream_object('static', container='box')) == disk", "True"),
            Row("cloud.is_object_stale('box', 'static', 'disk.raw')", "False"),
            Row("sorted(o.name for o in cloud.object_store.objects('box', prefix='s'))", "'small', 'static'"),
            Row("cloud.object_store.get_object_metadata('small', container='box').metadata", "red"),
            Row("cloud.object_store.set_object_metadata('small', 'box', size='big')"),
            Row("cloud.object_store.get_object_metadata('small', container='box').metadata['size']", "big"),
            Row("cloud.object_store.delete_object_metadata('small', 'box', keys=['size'])"),
            Row("cloud.object_store.set_container_metadata('box', colour='blue')"),
            Row("cloud.object_store.get_container_metadata('box').metadata['colour']", "blue"),
            Row("cloud.object_store.delete_container_metadata('box', ['colour'])"),
            Row("cloud.object_store.set_account_metadata(colour='green')"),
            Row("cloud.object_store.get_account_metadata().metadata['colour']", "green"),
            Row("cloud.set_container_access('box', 'public'); cloud.get_container_access('box')", "public"),
            Row("cloud.object_store.set_account_temp_url_key('sesame')"),
            Row("cloud.object_store.set_container_temp_url_key('box', 'open')"),
            Row(
                "path = openstack.connect().object_store.get_endpoint().split('/v1/')[1]; "
                "signed = cloud.object_store.generate_temp_url('/v1/' + path + '/box/plain', 60, 'GET', "
                "temp_url_key='sesame')"
            ),
            Row(
                "import urllib.parse, requests; "
                "where = urllib.parse.urljoin(cloud.object_store.get_endpoint(), signed.decode() "
                "if isinstance(signed, bytes) else signed)"
            ),
            Row("requests.get(where).content == disk", "True"),
            Row("cloud.list_containers()[0].name", "box"),
            Row("[cloud.delete_object('box', n) for n in ('plain', 'small', 'static', 'dynamic')]", "True, True, True"),
            Row("[cloud.object_store.delete_object(o, container='box') for o in cloud.list_objects('box')]"),
            Row("cloud.delete_container('box')", "True"),
        ],
    ),
    Group(
        "python",
        "Identity",
        [
            _HELLO,
            Row("cloud.current_project.name", "$project"),
            Row("[p.name for p in cloud.identity.user_projects(cloud.current_user_id)]", "$project"),
            Row(
                "key = cloud.identity.create_application_credential(cloud.current_user_id, name='robot'); "
                "robot = openstack.connect(load_envvars=False, auth_type='v3applicationcredential', auth=dict("
                "auth_url=cloud.config.auth['auth_url'], application_credential_id=key.id, "
                "application_credential_secret=key.secret))"
            ),
            Row("robot.list_images()", r"\[\]"),
            Row("cloud.identity.delete_application_credential(cloud.current_user_id, key)"),
            Row("robot.list_containers()", "401", why="As asked: the credential is gone."),
        ],
    ),
]

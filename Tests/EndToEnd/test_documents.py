"""cli.md, what people do: typed in its order, with a gateway and servers at work."""

import os

import pytest

from portcullis_testing import witnesses
from portcullis_testing.admin import PORT, Admin, Operator
from portcullis_testing.documents import Reader
from portcullis_testing.gateway import Gateway
from portcullis_testing.repository import REPOSITORY, binary

TASKS = ["The operator's command line", "See what is there", "Take a server out for a reboot", "Move a service",
         "Roll a change out and back", "Add a server, and instances", "Keep the cloud in files", "Find out who changed what",
         "Let others change a part"]


@pytest.fixture(scope="module")
def reader(network, servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    (folder / "fixtures").symlink_to(REPOSITORY / "fixtures")
    witnesses.clear(network.gateway)
    admin = Admin(network.gateway, folder, port=PORT)
    try:
        admin.wait_until_ready()
        with Gateway(network.gateway, folder, {"interval": 1}) as gateway:
            kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTCULLIS_")}
            path = f"{binary('portcullis').parent}:{kept['PATH']}"
            yield Reader(folder, {**kept, "PATH": path, "HOME": str(folder)}, before=network.gateway.command(),
                         without=("ssh",))
            assert gateway.stop() == 0
    finally:
        assert admin.stop() == 0, admin.text[-4000:]
        witnesses.clear(network.gateway)


@pytest.mark.parametrize("heading", TASKS)
def test_what_people_do(reader, heading):
    reader.follow("cli.md", heading)

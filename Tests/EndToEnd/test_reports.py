"""What a gateway reports beside its polls is at ADMIN again after ADMIN was restarted, though nothing has changed."""

import pytest

from portcullis_testing import witnesses
from portcullis_testing.admin import PORT, Admin, Operator
from portcullis_testing.gateway import Gateway
from portcullis_testing.waiting import eventually


@pytest.fixture
def start_admin(network, tmp_path):
    """Starts ADMIN on the test's registry; it ends with the test, if not before."""
    programs = []

    def start():
        programs.append(Admin(network.gateway, tmp_path, port=PORT))
        programs[-1].wait_until_ready()
        return programs[-1]

    yield start
    for program in programs:
        if program.is_running:
            assert program.stop() == 0, program.text[-4000:]


def test_a_restarted_admin_gets_the_whole_report_again(start_admin, network, tmp_path):
    witnesses.clear(network.gateway)
    admin = start_admin()
    operator = Operator(network.gateway, tmp_path)
    operator.apply()
    with Gateway(network.gateway, tmp_path, {"interval": 1}) as gateway:
        gateway.follow(operator)

        def report():
            return operator.json("gateways", "show", "gw1").get("report")

        first = eventually(report, what="the first report")
        assert admin.stop() == 0
        start_admin()
        # The gateway survives ADMIN's restart in its list, its report does not.
        assert report() is None
        again = eventually(report, timeout=90, what="the report, which has not changed")
        assert again == first
    witnesses.clear(network.gateway)

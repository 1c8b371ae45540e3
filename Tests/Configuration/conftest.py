import pytest

from admin import Admin
from portcullis_testing.repository import FIXTURES


@pytest.fixture
def admin(tmp_path):
    """ADMIN with the cloud of the fixtures."""
    admin = Admin(tmp_path)
    try:
        admin.portcullis("apply", "-f", FIXTURES / "cloud.yaml")
        yield admin
    finally:
        admin.stop()

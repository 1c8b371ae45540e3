import pathlib

import pytest

from admin import Admin

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def admin(tmp_path):
    """ADMIN with the cloud of the fixtures."""
    admin = Admin(tmp_path)
    try:
        admin.portcullis("apply", "-f", FIXTURES / "cloud.yaml")
        yield admin
    finally:
        admin.stop()

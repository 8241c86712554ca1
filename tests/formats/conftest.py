import pytest

from tests.conftest import Needs


@pytest.fixture
def programs(needs: Needs) -> None:
    """For the tests that run the system's ffmpeg or ffprobe."""
    needs("ffmpeg")
    needs("ffprobe")

"""Paths the tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fixtures() -> Path:
    """``test/fixtures`` of the repository."""
    return ROOT / "test" / "fixtures"


@pytest.fixture
def models() -> Path:
    """``models`` of the repository."""
    return ROOT / "models"

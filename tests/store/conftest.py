from collections.abc import Iterator
from pathlib import Path

import pytest

from t2i_studio.store.database import Database, open_database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "home")
    yield database
    database.close()

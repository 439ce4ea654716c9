"""What of the machine and of the developer's environment reaches the tests, and where they keep their files."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from backoffice.settings import Settings

# The suite's server, where the developer names one; only scratch databases are made in it. The processes that run tests
# are started by one that has already forgotten it, see below.
HANDED_ON = "SERVER_OF_THE_TESTS"
NAMED_SERVER = os.environ.get("DATABASE_URL") or os.environ.get(HANDED_ON)
if NAMED_SERVER:
    os.environ[HANDED_ON] = NAMED_SERVER

# Whether to run what serves the application, and what is about PgBouncer, and only that, with it before the database.
# The program forgets all variables that begin with PG, and the processes that run tests with it.
BETWEEN_HANDED_ON = "BEHIND_POOLER_IN_THE_TESTS"
BETWEEN = bool(os.environ.get("PGBOUNCER") or os.environ.get(BETWEEN_HANDED_ON))
if BETWEEN:
    os.environ[BETWEEN_HANDED_ON] = "1"

# Nothing else of the developer's environment or .env reaches a test.
for name in [field.upper() for field in Settings.model_fields]:
    os.environ.pop(name, None)
Settings.model_config["env_file"] = None
# A test that forgets to say which database it means fails, rather than touch the developer's data.
os.environ["FLOW_DATA_DIR"] = "/dev/null/no-database-chosen"

# Databases that live for a second are kept in memory: on a disk, copying them takes most of the time of most tests.
# Where another folder is named, or there is little memory (as in a container that was given no more), they are not.
MEMORY = Path("/dev/shm")  # noqa: S108 # nothing but what tempfile makes in it
NEEDED_BYTES = 6 * 2**30
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# What one of the processes that run tests makes for all of them; the one that starts the others removes it.
SHARED_BY_THE_TESTS = "FOLDER_OF_THE_TESTS"
if SHARED_BY_THE_TESTS not in os.environ:
    os.environ[SHARED_BY_THE_TESTS] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ[SHARED_BY_THE_TESTS], ignore_errors=True)
SHARED = Path(os.environ[SHARED_BY_THE_TESTS])

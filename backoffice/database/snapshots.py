"""Tells whether anything has changed in the database: data read in an equal snapshot need not be read again."""

# Two statements to which this is the same see the same rows, if their transactions have written none. A snapshot says
# which transactions it sees; the rest says in which database, and in which life of its server, which may use numbers
# again after a crash. One line. Null on a standby, whose snapshots do not say what was still under way.
SNAPSHOT = """
CASE WHEN NOT pg_is_in_recovery() THEN concat_ws(
    '|', pg_current_snapshot(), pg_last_wal_replay_lsn(), extract(epoch FROM pg_postmaster_start_time()),
    to_json(current_database())
) END
"""

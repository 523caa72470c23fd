"""The outbox's tables, and the steps from one version of them to the next.

A record's row never changes; which table of ids names it says how far it has come. So recording writes no index, a lease
writes nothing, and every question that is asked often is answered by a table of plain numbers.
"""

from typing import Final

_DELIVERY: Final = """
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'parked')),
  attempts INTEGER NOT NULL DEFAULT 0,
  boot_id TEXT,
  lease_until_ns INTEGER,
  due_ns INTEGER,
  code TEXT,
  detail TEXT
"""

_FIRST: Final = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE records (
      id INTEGER PRIMARY KEY,
      epoch INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      protocol INTEGER NOT NULL,
      kind TEXT NOT NULL,
      payload BLOB NOT NULL,
      sha256 TEXT NOT NULL,
      signature BLOB NOT NULL,
      sealed_probe BLOB,
      boot_id TEXT NOT NULL,
      put_boot_ns INTEGER NOT NULL,
      row_sha256 BLOB NOT NULL,
      CHECK (epoch >= 1 AND seq >= 1 AND id = epoch * 1099511627776 + seq)
    )""",
    f"CREATE TABLE deliveries (id INTEGER PRIMARY KEY, {_DELIVERY})",
    """CREATE TABLE crops (
      id INTEGER PRIMARY KEY,
      sha256 TEXT NOT NULL,
      file TEXT NOT NULL UNIQUE,
      file_sha256 TEXT NOT NULL,
      size_bytes INTEGER NOT NULL
    )""",
    f"CREATE TABLE crop_deliveries (id INTEGER PRIMARY KEY, {_DELIVERY})",
)

_PARKED: Final = "(id INTEGER PRIMARY KEY, code TEXT NOT NULL, detail TEXT NOT NULL, mark INTEGER NOT NULL)"

_SECOND: Final = (
    # records: in exactly one of these
    "CREATE TABLE waiting (id INTEGER PRIMARY KEY, has_crop INTEGER NOT NULL CHECK (has_crop IN (0, 1)))",
    "CREATE TABLE accepted (id INTEGER PRIMARY KEY)",
    f"CREATE TABLE parked {_PARKED}",
    # crops: held with their record, or in one of these
    "CREATE TABLE crop_queue (id INTEGER PRIMARY KEY)",
    f"CREATE TABLE parked_crops {_PARKED}",
    # what is no longer here and of which nothing more is to be told: ranges of ids that were delivered or reported lost
    "CREATE TABLE settled (id INTEGER PRIMARY KEY, last INTEGER NOT NULL CHECK (last >= id), mark INTEGER NOT NULL)",
    "INSERT INTO accepted SELECT id FROM deliveries WHERE state = 'accepted'",
    """INSERT INTO parked SELECT id, code, detail, row_mark('parked', id, code, detail) FROM
      (SELECT id, coalesce(code, '') AS code, coalesce(detail, '') AS detail FROM deliveries WHERE state = 'parked')""",
    """INSERT INTO waiting SELECT id, EXISTS (SELECT 1 FROM crops WHERE crops.id = records.id) FROM records
      WHERE id NOT IN (SELECT id FROM accepted) AND id NOT IN (SELECT id FROM parked)""",
    """INSERT INTO parked_crops SELECT id, code, detail, row_mark('parked_crops', id, code, detail) FROM
      (SELECT id, coalesce(code, '') AS code, coalesce(detail, '') AS detail FROM crop_deliveries WHERE state = 'parked')""",
    """INSERT INTO crop_queue SELECT id FROM crops WHERE id NOT IN (SELECT id FROM parked_crops)
      AND (id NOT IN (SELECT id FROM records) OR id IN (SELECT id FROM accepted))""",
    # a sound outbox of version 1 holds whatever was not delivered, so what it lacks was
    """INSERT INTO settled SELECT first, last, row_mark('settled', first, last) FROM
      (SELECT id - seq + before + 1 AS first, id - 1 AS last FROM
        (SELECT id, seq, lag(seq, 1, 0) OVER (PARTITION BY epoch ORDER BY seq) AS before FROM records) WHERE seq > before + 1)""",
    """INSERT INTO settled SELECT first, last, row_mark('settled', first, last) FROM
      (SELECT present.epoch * 1099511627776 + 1 + coalesce((SELECT max(seq) FROM records WHERE epoch = present.epoch), 0) AS first,
        present.epoch * 1099511627776 + highest AS last FROM
        (SELECT CAST((SELECT value FROM meta WHERE name = 'epoch') AS INTEGER) AS epoch,
          CAST((SELECT value FROM meta WHERE name = 'floor_seq') AS INTEGER) AS highest) AS present) WHERE first <= last""",
    "DROP TABLE deliveries",
    "DROP TABLE crop_deliveries",
    "ALTER TABLE meta RENAME TO meta_1",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL, mark INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta SELECT name, value, row_mark('meta', name, value) FROM meta_1 WHERE name <> 'floor_seq'",
    "DROP TABLE meta_1",
    "ALTER TABLE crops RENAME TO crops_1",
    """CREATE TABLE crops (
      id INTEGER PRIMARY KEY,
      sha256 TEXT NOT NULL,
      file TEXT NOT NULL,
      file_sha256 TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      mark INTEGER NOT NULL
    )""",
    """INSERT INTO crops SELECT id, sha256, file, file_sha256, size_bytes,
      row_mark('crops', id, sha256, file, file_sha256, size_bytes) FROM crops_1""",
    "DROP TABLE crops_1",
)

MIGRATIONS: Final = (_FIRST, _SECOND)
"""The steps from one version to the next: `user_version` says how many were made. `row_mark` is `rows.mark`."""
VERSION: Final = len(MIGRATIONS)

-- pages.db, version 1: personal data, sealed, and the keys to it. It can be thrown away when no job runs.

CREATE TABLE rows (
  job     TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  reading TEXT    NOT NULL,
  n       INTEGER NOT NULL,
  fence   INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  data    BLOB    NOT NULL,
  PRIMARY KEY (job, kind, reading, n)
);
CREATE INDEX rows_expire ON rows (expires);

-- An erased key is an empty one: it stays, so that no late writer puts another in its place.
CREATE TABLE keys (
  job     TEXT PRIMARY KEY,
  key     BLOB    NOT NULL,
  expires INTEGER NOT NULL
);
CREATE INDEX keys_expire ON keys (expires);

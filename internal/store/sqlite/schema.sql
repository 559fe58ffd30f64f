-- usersync.db, version 1. Times are nanoseconds since 1970, UTC.

-- Who works for a company. A row is never deleted and its fence never reset; job is empty when free.
CREATE TABLE leases (
  company TEXT PRIMARY KEY,
  job     TEXT    NOT NULL,
  fence   INTEGER NOT NULL,
  until   INTEGER NOT NULL
) WITHOUT ROWID;

-- body is the job as JSON; the columns beside it are what is asked for and compared.
CREATE TABLE jobs (
  id      TEXT PRIMARY KEY,
  company TEXT    NOT NULL,
  status  INTEGER NOT NULL,
  fence   INTEGER NOT NULL,
  rev     INTEGER NOT NULL,
  body    TEXT    NOT NULL
);
CREATE INDEX jobs_of_company ON jobs (company, id);
CREATE INDEX jobs_of_company_and_status ON jobs (company, status, id);
CREATE INDEX jobs_of_status ON jobs (status, id);

-- Plans, seen keys (hashed) and outcomes. Staged pages are in pages.db.
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

-- link_set is the set's name, hashed, so that a key is short. Hashes come in no order: a link's row lies
-- where it was written, and the index alone is spread, so that writing 100 touches fewer pages. A reservation is hardly more than its key.
CREATE TABLE links (
  link_set   INTEGER NOT NULL,
  hash       BLOB    NOT NULL,
  key        TEXT    NOT NULL,
  target     TEXT    NOT NULL,
  target_key BLOB    NOT NULL,
  origin     TEXT    NOT NULL,
  job        TEXT    NOT NULL,
  digest     BLOB    NOT NULL,
  fence      INTEGER NOT NULL,
  UNIQUE (link_set, hash)
);

CREATE TABLE reservations (
  link_set   INTEGER NOT NULL,
  target_key BLOB    NOT NULL,
  holder     TEXT    NOT NULL,
  fence      INTEGER NOT NULL,
  PRIMARY KEY (link_set, target_key)
) WITHOUT ROWID;

-- Used Idempotency-Keys, hashed: they are clients' text of any length.
CREATE TABLE claims (
  company TEXT    NOT NULL,
  key     BLOB    NOT NULL,
  job     TEXT    NOT NULL,
  body    BLOB    NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (company, key)
);
CREATE INDEX claims_expire ON claims (expires);

-- The directory's users. company is hashed, so that a key is short; code is as directory.CodeKey has it,
-- NULL where there is none. Who has changed since a day is found by a scan: it is asked for once a night,
-- and an index would cost every write.
CREATE TABLE users (
  company INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  id      TEXT    NOT NULL,
  code    TEXT,
  rev     INTEGER NOT NULL,
  created TEXT    NOT NULL,
  changed INTEGER NOT NULL,
  body    TEXT    NOT NULL,
  UNIQUE (company, ordinal),
  UNIQUE (company, id),
  UNIQUE (company, code)
);

-- The directory's departments, in order of rowid.
CREATE TABLE units (
  company TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  rev     INTEGER NOT NULL,
  created TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  UNIQUE (company, id)
);

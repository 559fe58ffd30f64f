-- pages.db, version 2: which records of the target have a value that people are matched by. The value is
-- hashed with the job's page key.
CREATE TABLE surveys (
  job     TEXT    NOT NULL,
  hash    BLOB    NOT NULL,
  target  TEXT    NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (job, hash, target)
);
CREATE INDEX surveys_expire ON surveys (expires);

-- pages.db, version 3: a survey is kept in runs, which are written once and deleted whole, so that writing one
-- touches no page of another. A run is what one call has put, in order of hash, and lies in chunks of 36 keys, a
-- page's worth; heads are the first 4 bytes of each of its hashes, by which whoever looks for some knows the chunk.
-- Nothing is added any more to the surveys of version 2; what is there is still read.
CREATE TABLE survey_runs (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  job     TEXT    NOT NULL,
  expires INTEGER NOT NULL,
  heads   BLOB    NOT NULL
);
CREATE INDEX survey_runs_of_job ON survey_runs (job, expires);

CREATE TABLE survey_chunks (
  id   INTEGER PRIMARY KEY, -- 32 × the run's, and the chunk's number in it
  keys BLOB NOT NULL        -- each: hash, length of the target as a varint, target
);

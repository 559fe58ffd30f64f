-- usersync.db, version 2: how far the schedules have been looked after, in one row.
CREATE TABLE nights (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  looked INTEGER NOT NULL
);

-- What the hosts send, in the database portreeve: sudo -u postgres psql -d portreeve -f schema.sql
-- The log server may add events (portreeve_writer), people and dashboards may read them (portreeve_reader).

CREATE ROLE portreeve_writer LOGIN;
CREATE ROLE portreeve_reader;
CREATE SCHEMA portreeve;

CREATE TABLE portreeve.events (
  host       text NOT NULL,
  event      text NOT NULL,                      -- its id: unique, and in order of time on each host
  received   timestamptz NOT NULL DEFAULT now(),
  peer       text,                               -- the address that it came from; the name is what the sender says
  kind       text NOT NULL,
  severity   text,
  alert      text,                               -- the same from an alert's beginning to its end
  opened     timestamptz,                        -- when the alert began
  status     text,                               -- of the port, in the registry
  rule       text,
  protocol   text,
  address    text,
  port       integer,
  owner      text,
  message    text NOT NULL,
  data       jsonb NOT NULL,                     -- all of it
  PRIMARY KEY (host, event)                      -- what a host sends twice is there once
);
CREATE INDEX events_of_alert ON portreeve.events (host, alert, event DESC) WHERE alert IS NOT NULL;

-- What could not be understood is kept for who wants to know why: it holds up nothing.
CREATE TABLE portreeve.rejected (
  received   timestamptz NOT NULL DEFAULT now(),
  peer       text,
  reason     text,
  raw        text
);

-- What the log server writes to. It has no rows of its own.
CREATE VIEW portreeve.inbox AS
  SELECT ''::text AS peer, ''::text AS host, ''::text AS kind, ''::text AS message, ''::text AS data WHERE false;

-- To the log server the database speaks LATIN1, in which every octet is a character; here they become UTF-8 again. Otherwise one
-- message that is no UTF-8 would be refused, and tried again for ever, and hold up all others.
ALTER ROLE portreeve_writer SET client_encoding = 'LATIN1';
CREATE FUNCTION portreeve.utf8(octets text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT convert_from(convert_to(octets, 'LATIN1'), 'UTF8') $$;

CREATE FUNCTION portreeve.take() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  data jsonb;
BEGIN
  data := portreeve.utf8(NEW.data)::jsonb;
  INSERT INTO portreeve.events (host, event, peer, kind, severity, alert, opened, status, rule, protocol, address, port, owner, message, data)
  VALUES (
    portreeve.utf8(NEW.host), data->>'eventId', NEW.peer, portreeve.utf8(NEW.kind), data->>'severity', data->>'alert', (data->>'openedAt')::timestamptz,
    data->>'status', data->>'rule', data->>'protocol', data->>'address', (data->>'port')::integer, coalesce(data->>'exe', data->>'owner'),
    -- The mark of UTF-8 that a message may begin with (RFC 5424) is not part of it.
    ltrim(portreeve.utf8(NEW.message), U&'\FEFF'), data
  )
  ON CONFLICT DO NOTHING;
  RETURN NEW;
EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
  INSERT INTO portreeve.rejected (peer, reason, raw) VALUES (NEW.peer, SQLERRM, left(concat_ws(' ', NEW.host, NEW.kind, NEW.data, NEW.message), 20000));
  RETURN NEW;
END $$;
CREATE TRIGGER take INSTEAD OF INSERT ON portreeve.inbox FOR EACH ROW EXECUTE FUNCTION portreeve.take();

-- The last that was heard of each alert that is not over. Since when: what its host says, else when it was first heard of.
CREATE VIEW portreeve.open_alerts AS
  SELECT last.host, last.peer, last.alert, last.severity, last.status, last.rule, last.protocol, last.address, last.port, last.owner,
         coalesce(last.opened, (SELECT min(received) FROM portreeve.events e WHERE e.host = last.host AND e.alert = last.alert)) AS since,
         last.received AS last_heard, last.message
  FROM (
    SELECT DISTINCT ON (host, alert) * FROM portreeve.events
    WHERE alert IS NOT NULL AND kind IN ('opened', 'changed', 'reminder', 'resolved')
    ORDER BY host, alert, event DESC
  ) last
  WHERE last.kind <> 'resolved';

GRANT USAGE ON SCHEMA portreeve TO portreeve_writer, portreeve_reader;
GRANT INSERT ON portreeve.inbox TO portreeve_writer;
GRANT SELECT ON portreeve.events, portreeve.rejected, portreeve.open_alerts TO portreeve_reader;

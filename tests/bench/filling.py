"""Many events in bulk, through the real triggers: each event a transaction of PostgreSQL's own."""

from __future__ import annotations

from tests import servers

# A procedure that commits each event, so that triggers see what they see in the product.
FILL = """
DO $$ DECLARE e bigint; BEGIN
  FOR n IN 1..{events} LOOP
    INSERT INTO records_event (app_at, act, actor_username, actor_name, actor_role, reason, details, address,
      session, station, request_id, build)
    VALUES (now(), 'records.record.edited', 'mchen', 'Maria Chen', 'operator', 'A reason of ordinary length',
      '{{"number": "BR-2026-0001"}}', '127.0.0.1', 'abcdef', '', md5(n::text), '1.0.0+abcdef0') RETURNING id INTO e;
    PERFORM set_config('countersign.event', e::text, true);
    INSERT INTO bench_tracked (number, title, status, amount, count, is_open, due_on, measured_at, note)
    VALUES ('F-' || n, 'Bench row of ordinary length', 'open', 12.34, n, true, '2026-11-22', now(),
      'A note of ordinary length, as people write it.');
    IF n % 1000 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$
"""


def fill_events(events: int) -> None:
    """Write events, each with one tracked row, its snapshot and its change."""
    with servers.administrator(servers.DATABASE) as admin:
        admin.execute("SET synchronous_commit = off")
        admin.execute(FILL.format(events=events))

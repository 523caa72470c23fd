from django.db import migrations, models

FILL = """
UPDATE sightings_observation o SET epoch = r.epoch, seq = r.seq FROM sightings_record r WHERE r.id = o.record_id;
"""

# Until their times are derived, what a missing number tells may have been seen at any time.
MISSING = """
WITH given AS (
    SELECT node_id, epoch, seq AS first, seq AS last FROM sightings_record
    UNION ALL
    SELECT r.node_id, g.lost_epoch, least(g.to_seq, 9223372036854775806) + 1, NULL FROM sightings_gap g JOIN sightings_record r ON r.id = g.record_id
), doubted AS (
    SELECT r.node_id, r.epoch, min(r.seq) AS since
    FROM sightings_recordconflict c JOIN sightings_record r ON r.id = c.record_id GROUP BY r.node_id, r.epoch
), holes AS (
    SELECT node_id, epoch, coalesce(max(last) OVER below, 0) + 1 AS from_seq, first - 1 AS to_seq FROM given
    WINDOW below AS (PARTITION BY node_id, epoch ORDER BY first, last NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
INSERT INTO sightings_missingrange (node_id, epoch, from_seq, to_seq, earliest_at, latest_at, found_at)
SELECT h.node_id, h.epoch, h.from_seq, max(least(h.to_seq, coalesce(d.since, 9223372036854775807) - 1)), timestamptz '1970-01-01 00:00Z', timestamptz '9999-01-01 00:00Z', now()
FROM holes h LEFT JOIN doubted d ON d.node_id = h.node_id AND d.epoch = h.epoch
WHERE h.from_seq <= least(h.to_seq, coalesce(d.since, 9223372036854775807) - 1)
GROUP BY h.node_id, h.epoch, h.from_seq
UNION ALL
SELECT node_id, epoch, since, 9223372036854775807, timestamptz '1970-01-01 00:00Z', timestamptz '9999-01-01 00:00Z', now() FROM doubted;
"""

MARK = """
INSERT INTO recompute_mark (kind, key, why, made_at, attempts, last_error)
    SELECT 'times', id || ':*:*', 'coverage', now(), 0, '' FROM nodes_node;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sightings", "0007_coverage_and_decisions"),
        ("recompute", "0002_why"),
    ]
    operations = [
        migrations.AddField("observation", "epoch", models.BigIntegerField(null=True)),
        migrations.AddField("observation", "seq", models.BigIntegerField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"),
        migrations.AlterField("observation", "epoch", models.BigIntegerField()),
        migrations.AlterField("observation", "seq", models.BigIntegerField()),
        migrations.AddIndex("observation", models.Index(fields=["node", "epoch", "seq"], name="observation_order")),
        migrations.RunSQL(MISSING + MARK, migrations.RunSQL.noop),
    ]

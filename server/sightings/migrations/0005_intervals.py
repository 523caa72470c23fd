import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE sightings_sighting SET
    earliest_at = CASE WHEN uncertainty_ms IS NULL THEN LEAST(captured_at, n.created_at)
                       ELSE captured_at - LEAST(uncertainty_ms, 3155760000000) * interval '1 millisecond' END,
    latest_at = CASE WHEN uncertainty_ms IS NULL THEN captured_at
                     ELSE captured_at + LEAST(uncertainty_ms, 3155760000000) * interval '1 millisecond' END
FROM nodes_node n WHERE n.id = node_id;
INSERT INTO recompute_mark (kind, key, made_at, attempts, last_error)
    SELECT 'times', id || ':*:*', now(), 0, '' FROM nodes_node;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sightings", "0004_sightings_count_for_their_match"),
        ("nodes", "0001_initial"),
        ("recompute", "0001_initial"),
    ]
    operations = [
        migrations.CreateModel(
            name="BootSpan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("epoch", models.BigIntegerField()),
                ("boot_id", models.UUIDField()),
                ("first_seq", models.BigIntegerField()),
                ("last_seq", models.BigIntegerField()),
                ("last_boot_ns", models.BigIntegerField(help_text="its last reading")),
                (
                    "arrived_boot_ns",
                    models.BigIntegerField(help_text="a reading that had arrived at arrived_ns; of all, the one that says most"),
                ),
                ("arrived_ns", models.BigIntegerField(help_text="nanoseconds since 1970")),
                (
                    "least_wall_ns",
                    models.BigIntegerField(blank=True, help_text="wall clock − boot clock where it was called synchronised", null=True),
                ),
                ("greatest_wall_ns", models.BigIntegerField(blank=True, null=True)),
                (
                    "node",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="boot_spans", to="nodes.node"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("node", "epoch", "boot_id"), name="boot_span_once")],
            },
        ),
        migrations.AddField("sighting", "earliest_at", models.DateTimeField(null=True, help_text="it was not before this")),
        migrations.AddField("sighting", "latest_at", models.DateTimeField(null=True, help_text="it was not after this")),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"),
        migrations.AlterField("sighting", "earliest_at", models.DateTimeField(help_text="it was not before this")),
        migrations.AlterField("sighting", "latest_at", models.DateTimeField(help_text="it was not after this")),
        migrations.AlterField(
            "sighting",
            "captured_at",
            models.DateTimeField(help_text="what stands for the interval: its middle; where the time is not known, the latest"),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models

NODES = """
UPDATE sightings_observation SET node_id = record.node_id FROM sightings_record record WHERE record.id = sightings_observation.record_id
"""


class Migration(migrations.Migration):
    dependencies = [("nodes", "0003_keys_and_boots"), ("sightings", "0005_intervals")]
    operations = [
        migrations.AddField(
            "observation", "node",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="observations", to="nodes.node"),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(NODES, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            "observation", "node",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="observations", to="nodes.node"),
        ),
    ]

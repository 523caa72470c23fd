"""Apart from the change of the tables: PostgreSQL builds no index on rows that the same transaction has changed."""

from django.db import migrations

COUNT = "UPDATE sightings_sighting SET counts_for_id = person_id WHERE outcome = 'match' AND person_id IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("sightings", "0003_second_looks")]
    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]

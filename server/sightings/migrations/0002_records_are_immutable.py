from django.db import migrations

FORWARD = """
CREATE FUNCTION sightings_record_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a record is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER record_is_immutable BEFORE UPDATE ON sightings_record
    FOR EACH ROW EXECUTE FUNCTION sightings_record_is_immutable();
"""
BACKWARD = """
DROP TRIGGER record_is_immutable ON sightings_record;
DROP FUNCTION sightings_record_is_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("sightings", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

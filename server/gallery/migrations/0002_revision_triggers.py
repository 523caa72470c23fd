"""Triggers that raise the gallery's revision in the transaction of any change that alters whom nodes may name."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION gallery_raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gallery_galleryrevision (id, revision, changed_at) VALUES (1, 2, now())
    ON CONFLICT (id) DO UPDATE SET revision = gallery_galleryrevision.revision + 1, changed_at = now();
    RETURN NULL;
END $$;

CREATE TRIGGER gallery_template_changed AFTER INSERT OR UPDATE OR DELETE ON gallery_template
    FOR EACH ROW EXECUTE FUNCTION gallery_raise_revision();

CREATE TRIGGER gallery_person_changed AFTER UPDATE ON people_person
    FOR EACH ROW WHEN (
        OLD.active_from IS DISTINCT FROM NEW.active_from
        OR OLD.active_until IS DISTINCT FROM NEW.active_until
        OR (OLD.consent_at IS NULL) <> (NEW.consent_at IS NULL)
        OR OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id
        OR (OLD.erased_at IS NULL) <> (NEW.erased_at IS NULL)
    ) EXECUTE FUNCTION gallery_raise_revision();
"""

BACKWARDS = """
DROP TRIGGER gallery_person_changed ON people_person;
DROP TRIGGER gallery_template_changed ON gallery_template;
DROP FUNCTION gallery_raise_revision();
"""


class Migration(migrations.Migration):
    dependencies = [("gallery", "0001_initial"), ("people", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]

"""The triggers that raise the gallery's revision also keep whom the change was about, so that nodes can fetch what changed."""

from django.db import migrations, models

FORWARDS = """
DROP TRIGGER gallery_person_changed ON people_person;
DROP TRIGGER gallery_template_changed ON gallery_template;

UPDATE gallery_galleryrevision SET log_from = revision;

CREATE FUNCTION gallery_next_revision() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE raised bigint;
BEGIN
    INSERT INTO gallery_galleryrevision (id, revision, changed_at, log_from) VALUES (1, 2, now(), 1)
    ON CONFLICT (id) DO UPDATE SET revision = gallery_galleryrevision.revision + 1, changed_at = now()
    RETURNING revision INTO raised;
    IF raised % 1000 = 0 THEN
        DELETE FROM gallery_gallerychange WHERE revision <= raised - 20000;
        UPDATE gallery_galleryrevision SET log_from = raised - 20000 WHERE id = 1 AND log_from < raised - 20000;
    END IF;
    RETURN raised;
END $$;

-- Without a person nobody can say whom the change was about: what was known of all changes until then is good for nothing.
CREATE FUNCTION gallery_note_change(raised bigint, changed uuid, of_model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF changed IS NULL THEN
        UPDATE gallery_galleryrevision SET log_from = raised WHERE id = 1;
        DELETE FROM gallery_gallerychange;
    ELSE
        INSERT INTO gallery_gallerychange (model_id, person, revision) VALUES (of_model, changed, raised)
        ON CONFLICT (model_id, person) DO UPDATE SET revision = EXCLUDED.revision;
    END IF;
END $$;

CREATE FUNCTION gallery_note_template() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE raised bigint := gallery_next_revision();
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM gallery_note_change(raised, (SELECT uuid FROM people_person WHERE id = OLD.person_id), OLD.model_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM gallery_note_change(raised, (SELECT uuid FROM people_person WHERE id = NEW.person_id), NEW.model_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION gallery_note_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE raised bigint := gallery_next_revision();
BEGIN
    PERFORM gallery_note_change(raised, OLD.uuid, '');
    PERFORM gallery_note_change(raised, NEW.uuid, '');
    RETURN NULL;
END $$;

CREATE TRIGGER gallery_template_changed AFTER INSERT OR UPDATE OR DELETE ON gallery_template
    FOR EACH ROW EXECUTE FUNCTION gallery_note_template();

CREATE TRIGGER gallery_person_changed AFTER UPDATE ON people_person
    FOR EACH ROW WHEN (
        OLD.active_from IS DISTINCT FROM NEW.active_from
        OR OLD.active_until IS DISTINCT FROM NEW.active_until
        OR (OLD.consent_at IS NULL) <> (NEW.consent_at IS NULL)
        OR OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id
        OR (OLD.erased_at IS NULL) <> (NEW.erased_at IS NULL)
        OR OLD.uuid <> NEW.uuid
    ) EXECUTE FUNCTION gallery_note_person();
"""

BACKWARDS = """
DROP TRIGGER gallery_person_changed ON people_person;
DROP TRIGGER gallery_template_changed ON gallery_template;
DROP FUNCTION gallery_note_person();
DROP FUNCTION gallery_note_template();
DROP FUNCTION gallery_note_change(bigint, uuid, text);
DROP FUNCTION gallery_next_revision();

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


class Migration(migrations.Migration):
    dependencies = [("gallery", "0003_models_of_the_gallery"), ("people", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="galleryrevision",
            name="log_from",
            field=models.BigIntegerField(db_default=1, help_text="changes after this revision are all known"),
        ),
        migrations.CreateModel(
            name="GalleryChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("model_id", models.CharField(blank=True, help_text="empty: whatever the model", max_length=64)),
                ("person", models.UUIDField()),
                ("revision", models.BigIntegerField(db_index=True)),
            ],
            options={
                "ordering": ("id",),
                "constraints": [models.UniqueConstraint(fields=("model_id", "person"), name="gallery_change_newest_alone")],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]

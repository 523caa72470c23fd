"""Which embedders the gallery has templates of. Those that are there already are complete: nodes use them."""

import django.db.models.deletion
from django.db import migrations, models

KNOWN = """
INSERT INTO gallery_gallerymodel (model_id, dimension, started_at, completed_at, last_error)
SELECT model_id, max(dimension), now(), now(), '' FROM people_sampleembedding GROUP BY model_id;
"""

FORWARDS = """
CREATE TRIGGER gallery_model_completed AFTER UPDATE ON gallery_gallerymodel
    FOR EACH ROW WHEN ((OLD.completed_at IS NULL) <> (NEW.completed_at IS NULL))
    EXECUTE FUNCTION gallery_raise_revision();
"""

BACKWARDS = "DROP TRIGGER gallery_model_completed ON gallery_gallerymodel;"


class Migration(migrations.Migration):
    dependencies = [("gallery", "0002_revision_triggers"), ("people", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="GalleryModel",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("model_id", models.CharField(max_length=64, unique=True)),
                ("dimension", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, help_text="when the last sample had been embedded with it", null=True),
                ),
                ("last_error", models.CharField(blank=True, help_text="why embedding stands still", max_length=200)),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.CreateModel(
            name="SampleRefusal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("model_id", models.CharField(max_length=64)),
                ("code", models.CharField(max_length=64)),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "sample",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="refusals", to="people.sample"),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [models.UniqueConstraint(fields=("sample", "model_id"), name="sample_refused_once_per_model")],
            },
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]

"""What staff say of a sample, how it shows the face, and reasons as codes instead of sentences."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

UNLIKE = "unlike the other samples of this person"
REASONS = [
    ("unlike", "unlike the other samples of this person"),
    ("redundant", "much like another sample, and there are more than enough"),
    ("damaged", "its embedding cannot be read"),
    ("by_hand", "set aside by staff"),
]


def to_codes(apps, schema_editor):
    samples = apps.get_model("people", "Sample").objects
    samples.filter(reason=UNLIKE).update(reason="unlike")
    samples.filter(state="set_aside").exclude(reason="unlike").update(reason="by_hand")
    samples.filter(state="active").update(reason="")


def to_sentences(apps, schema_editor):
    apps.get_model("people", "Sample").objects.filter(state="set_aside").update(reason=UNLIKE)


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("people", "0001_initial")]

    operations = [
        migrations.RunPython(to_codes, to_sentences),
        migrations.AlterField("sample", "reason", models.CharField(blank=True, choices=REASONS, help_text="why it was set aside", max_length=16)),
        migrations.AddField(
            "sample",
            "ruling",
            models.CharField(
                choices=[("automatic", "Automatic"), ("keep", "Keep"), ("set_aside", "Set Aside")], default="automatic", max_length=16
            ),
        ),
        migrations.AddField(
            "sample",
            "ruled_by",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField("sample", "ruled_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "sample", "yaw", models.FloatField(blank=True, help_text="shift of the nose tip, in distances between the eyes", null=True)
        ),
        migrations.AddField(
            "sample", "brightness", models.FloatField(blank=True, help_text="mean grey level of the face, 0 to 255", null=True)
        ),
        migrations.AddField("sample", "sharpness", models.FloatField(blank=True, null=True)),
        migrations.AddConstraint(
            "sample",
            models.CheckConstraint(
                condition=models.Q(("reason", ""), ("state", "active")) | models.Q(("state", "set_aside"), models.Q(("reason", ""), _negated=True)),
                name="sample_set_aside_for_a_reason",
            ),
        ),
    ]

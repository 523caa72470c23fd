from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gallery", "0004_gallery_changes")]

    operations = [
        migrations.CreateModel(
            name="GalleryDigest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("model_id", models.CharField(max_length=64, unique=True)),
                ("revision", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
    ]

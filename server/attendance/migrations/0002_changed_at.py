from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial")]
    operations = [migrations.RenameField("opendayrecord", "derived_at", "changed_at")]

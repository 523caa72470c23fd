from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recompute', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='mark',
            name='why',
            field=models.CharField(blank=True, db_default='', default='', help_text='what changed, for those who ask why a record is another one', max_length=32),
        ),
    ]

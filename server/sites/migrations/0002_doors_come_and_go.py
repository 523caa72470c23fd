from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sites', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='door',
            name='used_from',
            field=models.DateTimeField(blank=True, help_text='there was no such door before; empty: always', null=True),
        ),
        migrations.AddField(
            model_name='door',
            name='used_until',
            field=models.DateTimeField(blank=True, help_text='nobody passes any more; empty: it is in use', null=True),
        ),
        migrations.AddConstraint(
            model_name='door',
            constraint=models.CheckConstraint(condition=models.Q(('used_until__isnull', True), ('used_from__isnull', True), ('used_until__gt', models.F('used_from')), _connector='OR'), name='door_used_in_order', violation_error_message='used_until lies before used_from'),
        ),
    ]

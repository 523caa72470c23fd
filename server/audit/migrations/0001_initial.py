import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('actor_name', models.CharField(help_text='empty: the server itself', max_length=150)),
                ('action', models.CharField(help_text='for example correction.approved', max_length=64)),
                ('target_kind', models.CharField(max_length=64)),
                ('target', models.UUIDField(blank=True, null=True)),
                ('person', models.UUIDField(blank=True, help_text='whose data it is about', null=True)),
                ('reason', models.TextField(blank=True)),
                ('before', models.JSONField(blank=True, null=True)),
                ('after', models.JSONField(blank=True, null=True)),
                ('actor', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['target_kind', 'target', '-id'], name='audit_target'), models.Index(fields=['person', '-id'], name='audit_person'), models.Index(fields=['actor', '-id'], name='audit_actor')],
            },
        ),
    ]

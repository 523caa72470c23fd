import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('nodes', '0003_keys_and_boots'),
        ('people', '0002_sample_rulings_and_looks'),
        ('sightings', '0006_observations_of_nodes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MissingRange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('epoch', models.BigIntegerField()),
                ('from_seq', models.BigIntegerField()),
                ('to_seq', models.BigIntegerField()),
                ('earliest_at', models.DateTimeField()),
                ('latest_at', models.DateTimeField()),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('node', 'epoch', 'from_seq'),
            },
        ),
        migrations.CreateModel(
            name='SightingDecision',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('decision', models.CharField(choices=[('assign', 'Assign'), ('reject', 'Reject'), ('ignore', 'Ignore')], max_length=6)),
                ('note', models.TextField(blank=True)),
                ('batch', models.UUIDField(blank=True, db_index=True, help_text='of many decided at once, for example a whole group', null=True)),
                ('at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='UnknownGroup',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('assigned', 'Assigned'), ('ignored', 'Ignored')], default='open', max_length=8)),
                ('batch', models.UUIDField(blank=True, help_text='of the decisions that assigned or ignored it', null=True)),
                ('model_id', models.CharField(max_length=64)),
                ('made_at', models.DateTimeField()),
                ('newest_at', models.DateTimeField(help_text='captured time of its newest pass')),
                ('size', models.PositiveIntegerField(default=0)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-newest_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='UnknownMember',
            fields=[
                ('sighting', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='unknown_member', serialize=False, to='sightings.sighting')),
                ('added_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('-sighting_id',),
            },
        ),
        migrations.AddField(
            model_name='observation',
            name='begins_at',
            field=models.DateTimeField(help_text='middle of the interval in which it began; empty: only bounded', null=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='ends_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='uncertainty_ms',
            field=models.BigIntegerField(help_text='the true times lie within ± this', null=True),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(fields=['node', 'ends_at'], name='observation_node_time'),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(fields=['node', 'boot_id'], name='observation_boot'),
        ),
        migrations.AddField(
            model_name='missingrange',
            name='node',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='missing_ranges', to='nodes.node'),
        ),
        migrations.AddField(
            model_name='sightingdecision',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sightingdecision',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='sightingdecision',
            name='sighting',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='sightings.sighting'),
        ),
        migrations.AddField(
            model_name='sightingdecision',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='unknowngroup',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='unknowngroup',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='unknownmember',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='sightings.unknowngroup'),
        ),
        migrations.AddIndex(
            model_name='missingrange',
            index=models.Index(fields=['node', 'latest_at'], name='missing_range_time'),
        ),
        migrations.AddConstraint(
            model_name='missingrange',
            constraint=models.UniqueConstraint(fields=('node', 'epoch', 'from_seq'), name='missing_range_once'),
        ),
        migrations.AddConstraint(
            model_name='missingrange',
            constraint=models.CheckConstraint(condition=models.Q(('to_seq__gte', models.F('from_seq'))), name='missing_range_in_order'),
        ),
        migrations.AddIndex(
            model_name='sightingdecision',
            index=models.Index(fields=['sighting', '-id'], name='sighting_decision_newest'),
        ),
        migrations.AddConstraint(
            model_name='sightingdecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision__in', ['reject', 'ignore']), _negated=True), ('person__isnull', True), _connector='OR'), name='only_an_assignment_names_somebody'),
        ),
        migrations.AddIndex(
            model_name='unknowngroup',
            index=models.Index(fields=['state', '-newest_at', '-id'], name='unknown_group_newest'),
        ),
    ]

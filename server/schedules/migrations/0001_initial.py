import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('people', '0002_sample_rulings_and_looks'),
        ('sites', '0002_doors_come_and_go'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OpenDayRule',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('terms', models.JSONField(default=dict)),
                ('version', models.PositiveIntegerField(default=1)),
                ('site', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='open_day_rule', to='sites.site')),
            ],
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('lecture', 'Lecture'), ('shift', 'Shift')], max_length=8)),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), help_text='0 is Monday', size=None)),
                ('every_weeks', models.PositiveSmallIntegerField(default=1, help_text='2: every other week, counted from the week of valid_from')),
                ('begins', models.TimeField()),
                ('ends', models.TimeField()),
                ('breaks', models.JSONField(blank=True, default=list, help_text='pairs of local times, [[from, until], …]')),
                ('valid_from', models.DateField()),
                ('valid_until', models.DateField(blank=True, null=True)),
                ('terms', models.JSONField(blank=True, default=dict)),
                ('version', models.PositiveIntegerField(default=1, help_text='rises with every change')),
                ('ended_at', models.DateTimeField(blank=True, help_text='it makes no further sessions', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('doors', models.ManyToManyField(blank=True, help_text='empty: every door of the site with a camera', related_name='schedules', to='sites.door')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='people.group')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='sites.site')),
            ],
            options={
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('lecture', 'Lecture'), ('shift', 'Shift')], max_length=8)),
                ('local_date', models.DateField()),
                ('begins_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('breaks', models.JSONField(blank=True, default=list, help_text='pairs of UTC times in ISO 8601')),
                ('terms', models.JSONField(blank=True, default=dict)),
                ('window_begins_at', models.DateTimeField(help_text='beginning less the margin: passes from here on count')),
                ('window_ends_at', models.DateTimeField(help_text='end plus the margin')),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('detached', models.BooleanField(default=False, help_text='changed by hand: a change of its schedule leaves it alone')),
                ('covered_at', models.DateTimeField(blank=True, help_text='when every serving door was found covered past the end', null=True)),
                ('given_up_at', models.DateTimeField(blank=True, help_text='when the wait for coverage was over', null=True)),
                ('version', models.PositiveIntegerField(default=1, help_text='rises with every change')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('doors', models.ManyToManyField(blank=True, help_text='empty: every door of the site with a camera', related_name='sessions', to='sites.door')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='people.group')),
                ('schedule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='schedules.schedule')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='sites.site')),
            ],
            options={
                'ordering': ('begins_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Area',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('min_gap_s', models.PositiveIntegerField(default=30, help_text='passes of the same direction that are less apart are one')),
                ('auto_close', models.CharField(choices=[('never', 'never'), ('day_cut', 'day_cut'), ('after', 'after')], default='never', max_length=8)),
                ('max_s', models.PositiveIntegerField(default=57600, help_text='a visit lasts at most so long, across the day cut or with auto_close after')),
                ('version', models.PositiveIntegerField(default=1)),
                ('doors', models.ManyToManyField(related_name='areas', to='sites.door')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='areas', to='sites.site')),
            ],
            options={
                'ordering': ('site__name', 'name'),
                'constraints': [models.UniqueConstraint(fields=('site', 'name'), name='area_name_once_per_site')],
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('site', models.ForeignKey(blank=True, help_text='empty: every site', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='holidays', to='sites.site')),
            ],
            options={
                'ordering': ('-first_day', '-id'),
                'constraints': [models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='holiday_in_order', violation_error_message='last_day lies before first_day')],
            },
        ),
        migrations.CreateModel(
            name='Leave',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('reason', models.CharField(help_text='for example sick, holiday, training', max_length=64)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('from_time', models.TimeField(blank=True, null=True)),
                ('until_time', models.TimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leave', to='people.person')),
            ],
            options={
                'ordering': ('-first_day', '-id'),
                'indexes': [models.Index(fields=['person', 'first_day'], name='leave_person_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='leave_in_order', violation_error_message='last_day lies before first_day'), models.CheckConstraint(condition=models.Q(models.Q(('from_time__isnull', True), ('until_time__isnull', True)), ('from_time__lt', models.F('until_time')), _connector='OR'), name='leave_times_in_order', violation_error_message='give both times, the earlier one first, or none')],
            },
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='schedule_in_order', violation_error_message='valid_until lies before valid_from'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('every_weeks__gte', 1)), name='schedule_every_weeks'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['site', 'local_date'], name='session_site_date'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['group', 'local_date'], name='session_group_date'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['site', 'window_ends_at'], name='session_site_window'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('cancelled_at__isnull', True), ('covered_at__isnull', True), ('given_up_at__isnull', True)), fields=['ends_at'], name='session_undecided'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.UniqueConstraint(fields=('schedule', 'local_date'), name='session_once_per_schedule_and_day'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('begins_at'))), name='session_in_order', violation_error_message='a session ends after it began'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=models.CheckConstraint(condition=models.Q(('window_begins_at__lte', models.F('begins_at')), ('window_ends_at__gte', models.F('ends_at'))), name='session_window_around_it'),
        ),
        migrations.AddConstraint(
            model_name='session',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at__isnull', True)), expressions=[(models.Func(models.F('group_id'), models.F('group_id'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('begins_at'), models.F('ends_at'), function='tstzrange'), '&&')], name='session_one_at_a_time_per_group', violation_error_message='the group is already expected elsewhere in this time; cancel or move that session first'),
        ),
    ]

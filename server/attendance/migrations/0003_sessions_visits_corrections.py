import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0002_changed_at'),
        ('people', '0002_sample_rulings_and_looks'),
        ('sites', '0002_doors_come_and_go'),
    ]

    operations = [
        migrations.CreateModel(
            name='AttendanceRecord',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('changed_at', models.DateTimeField(help_text='beginning of the transaction that changed it')),
                ('version', models.PositiveIntegerField(default=1)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('local_date', models.DateField(help_text='that of the session')),
                ('state', models.CharField(choices=[('pending', 'pending'), ('present', 'present'), ('absent', 'absent'), ('excused', 'excused'), ('not_covered', 'not covered')], max_length=16)),
                ('decided', models.BooleanField()),
                ('late_by_s', models.PositiveIntegerField(null=True)),
                ('late_uncertain', models.BooleanField(default=False)),
                ('left_early_by_s', models.PositiveIntegerField(null=True)),
                ('early_uncertain', models.BooleanField(default=False)),
                ('half_day', models.BooleanField(default=False)),
                ('worked_s', models.PositiveIntegerField(null=True)),
                ('first_in', models.DateTimeField(null=True)),
                ('last_out', models.DateTimeField(null=True)),
                ('method', models.CharField(blank=True, choices=[('face', 'face'), ('kiosk', 'kiosk'), ('manual', 'manual')], max_length=8)),
                ('excuse', models.CharField(blank=True, choices=[('leave', 'leave'), ('holiday', 'holiday'), ('staff', 'staff')], max_length=8)),
                ('note', models.TextField(blank=True)),
                ('problems', models.JSONField(default=list)),
                ('evidence', models.JSONField(default=list, help_text='ids of the passes it rests on')),
                ('corrections', models.JSONField(default=list, help_text='keys of the corrections laid over it')),
            ],
            options={
                'ordering': ('-local_date', 'session', 'person'),
            },
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('to_state', models.CharField(blank=True, choices=[('present', 'present'), ('absent', 'absent'), ('excused', 'excused')], max_length=16)),
                ('to_first_in', models.DateTimeField(blank=True, null=True)),
                ('to_last_out', models.DateTimeField(blank=True, null=True)),
                ('to_note', models.TextField(blank=True, null=True)),
                ('before', models.JSONField(default=dict)),
                ('reason', models.TextField()),
                ('state', models.CharField(choices=[('requested', 'Requested'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('undone', 'Undone')], default='requested', max_length=9)),
                ('requested_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision_reason', models.TextField(blank=True)),
                ('approval', models.BigIntegerField(blank=True, help_text='approved corrections are laid over in this order', null=True, unique=True)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='CorrectionAttachment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('media_type', models.CharField(max_length=100)),
                ('size_bytes', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('object_key', models.CharField(max_length=200, unique=True)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='CorrectionComment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('text', models.TextField()),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='Discrepancy',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('subject', models.CharField(choices=[('session', 'Session'), ('visit', 'Visit'), ('open_day', 'Open Day')], max_length=8)),
                ('key', models.CharField(help_text='which record, in the words of its kind', max_length=120)),
                ('local_date', models.DateField()),
                ('published', models.JSONField(null=True)),
                ('derived', models.JSONField(null=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('acknowledged', 'Acknowledged'), ('gone', 'Gone')], default='open', max_length=12)),
                ('found_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
            ],
            options={
                'verbose_name_plural': 'discrepancies',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ManualMark',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('present', 'present'), ('absent', 'absent'), ('excused', 'excused')], max_length=16)),
                ('arrived_at', models.DateTimeField(blank=True, null=True)),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
                ('batch', models.UUIDField(blank=True, help_text='of a whole session marked at once', null=True)),
                ('made_at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='ManualPass',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('way', models.CharField(choices=[('in', 'in'), ('out', 'out')], max_length=4)),
                ('note', models.TextField(blank=True)),
                ('made_at', models.DateTimeField()),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='RecordChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('subject', models.CharField(choices=[('session', 'Session'), ('visit', 'Visit'), ('open_day', 'Open Day')], max_length=8)),
                ('key', models.CharField(max_length=120)),
                ('local_date', models.DateField()),
                ('at', models.DateTimeField()),
                ('why', models.JSONField(default=list, help_text='words of Why, sorted')),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('note', models.TextField(blank=True)),
                ('sealed_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('lifted_because', models.TextField(blank=True)),
            ],
            options={
                'ordering': ('-first_day', '-id'),
            },
        ),
        migrations.CreateModel(
            name='VisitRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('changed_at', models.DateTimeField(help_text='beginning of the transaction that changed it')),
                ('version', models.PositiveIntegerField(default=1)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('local_date', models.DateField()),
                ('state', models.CharField(choices=[('closed', 'closed'), ('open', 'open'), ('auto_closed', 'auto closed'), ('exit_only', 'exit only')], max_length=12)),
                ('entered_at', models.DateTimeField(null=True)),
                ('left_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField(help_text='of the entry, or of the exit where no entry was seen')),
                ('duration_s', models.PositiveIntegerField(null=True)),
                ('entry_id', models.CharField(blank=True, max_length=48)),
                ('exit_id', models.CharField(blank=True, max_length=48)),
                ('known_by', models.CharField(help_text='the id of the entry, or of the exit where no entry was seen', max_length=48)),
                ('problems', models.JSONField(default=list)),
            ],
            options={
                'ordering': ('-at', '-id'),
            },
        ),
        migrations.AddField(
            model_name='opendayrecord',
            name='gone_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='opendayrecord',
            name='problems',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='opendayrecord',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='opendayrecord',
            name='worked_s',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='opendayrecord',
            name='changed_at',
            field=models.DateTimeField(help_text='beginning of the transaction that changed it'),
        ),
        migrations.AddIndex(
            model_name='opendayrecord',
            index=models.Index(fields=['changed_at', 'id'], name='open_day_changed'),
        ),
        migrations.AddField(
            model_name='attendancerecord',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attendance', to='people.person'),
        ),
    ]

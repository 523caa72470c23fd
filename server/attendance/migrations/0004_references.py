import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0003_sessions_visits_corrections'),
        ('people', '0002_sample_rulings_and_looks'),
        ('schedules', '0001_initial'),
        ('sites', '0002_doors_come_and_go'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='attendancerecord',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attendance', to='schedules.session'),
        ),
        migrations.AddField(
            model_name='correction',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correction',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections', to='people.person'),
        ),
        migrations.AddField(
            model_name='correction',
            name='requested_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correction',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections', to='schedules.session'),
        ),
        migrations.AddField(
            model_name='correctionattachment',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correctionattachment',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='attendance.correction'),
        ),
        migrations.AddField(
            model_name='correctioncomment',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='correctioncomment',
            name='correction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='attendance.correction'),
        ),
        migrations.AddField(
            model_name='discrepancy',
            name='acknowledged_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='discrepancy',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discrepancies', to='people.person'),
        ),
        migrations.AddField(
            model_name='discrepancy',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discrepancies', to='sites.site'),
        ),
        migrations.AddField(
            model_name='manualmark',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='manualmark',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='manual_marks', to='people.person'),
        ),
        migrations.AddField(
            model_name='manualmark',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='manual_marks', to='schedules.session'),
        ),
        migrations.AddField(
            model_name='manualmark',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='attendancerecord',
            name='mark',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='attendance.manualmark'),
        ),
        migrations.AddField(
            model_name='manualpass',
            name='door',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='manual_passes', to='sites.door'),
        ),
        migrations.AddField(
            model_name='manualpass',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='manualpass',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='manual_passes', to='people.person'),
        ),
        migrations.AddField(
            model_name='manualpass',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='recordchange',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='record_changes', to='people.person'),
        ),
        migrations.AddField(
            model_name='seal',
            name='lifted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='seal',
            name='sealed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='seal',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seals', to='sites.site'),
        ),
        migrations.AddField(
            model_name='visitrow',
            name='area',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='schedules.area'),
        ),
        migrations.AddField(
            model_name='visitrow',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='people.person'),
        ),
        migrations.AddIndex(
            model_name='correction',
            index=models.Index(fields=['state', '-id'], name='correction_state'),
        ),
        migrations.AddIndex(
            model_name='correction',
            index=models.Index(fields=['session', 'person'], name='correction_record'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='correction_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('to_state', ''), _negated=True), ('to_first_in__isnull', False), ('to_last_out__isnull', False), ('to_note__isnull', False), _connector='OR'), name='correction_changes_something', violation_error_message='say what should change'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('to_first_in__isnull', True), ('to_last_out__isnull', True), ('to_last_out__gte', models.F('to_first_in')), _connector='OR'), name='correction_in_order', violation_error_message='last_out lies before first_in'),
        ),
        migrations.AddIndex(
            model_name='discrepancy',
            index=models.Index(fields=['state', '-id'], name='discrepancy_state'),
        ),
        migrations.AddConstraint(
            model_name='discrepancy',
            constraint=models.UniqueConstraint(fields=('subject', 'key'), name='discrepancy_once_per_record'),
        ),
        migrations.AddIndex(
            model_name='manualmark',
            index=models.Index(fields=['session', 'person', '-id'], name='manual_mark_newest'),
        ),
        migrations.AddConstraint(
            model_name='manualmark',
            constraint=models.CheckConstraint(condition=models.Q(('arrived_at__isnull', True), ('left_at__isnull', True), ('left_at__gte', models.F('arrived_at')), _connector='OR'), name='manual_mark_in_order', violation_error_message='left_at lies before arrived_at'),
        ),
        migrations.AddIndex(
            model_name='attendancerecord',
            index=models.Index(fields=['person', 'local_date'], name='attendance_person_date'),
        ),
        migrations.AddIndex(
            model_name='attendancerecord',
            index=models.Index(fields=['local_date', 'session'], name='attendance_date'),
        ),
        migrations.AddIndex(
            model_name='attendancerecord',
            index=models.Index(fields=['changed_at', 'id'], name='attendance_changed'),
        ),
        migrations.AddConstraint(
            model_name='attendancerecord',
            constraint=models.UniqueConstraint(fields=('session', 'person'), name='attendance_once'),
        ),
        migrations.AddIndex(
            model_name='manualpass',
            index=models.Index(fields=['person', 'at'], name='manual_pass_person_time'),
        ),
        migrations.AddIndex(
            model_name='recordchange',
            index=models.Index(fields=['subject', 'key', '-id'], name='record_change_of'),
        ),
        migrations.AddIndex(
            model_name='recordchange',
            index=models.Index(fields=['person', 'local_date'], name='record_change_person'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='seal_in_order', violation_error_message='last_day lies before first_day'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('lifted_at__isnull', True)), expressions=[(models.Func(models.F('site_id'), models.F('site_id'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('first_day'), models.F('last_day'), models.Value('[]'), function='daterange'), '&&')], name='seal_once_at_a_time', violation_error_message='a part of these days is sealed already'),
        ),
        migrations.AddIndex(
            model_name='visitrow',
            index=models.Index(fields=['area', '-at', '-id'], name='visit_area_time'),
        ),
        migrations.AddIndex(
            model_name='visitrow',
            index=models.Index(fields=['person', '-at', '-id'], name='visit_person_time'),
        ),
        migrations.AddIndex(
            model_name='visitrow',
            index=models.Index(fields=['-at', '-id'], name='visit_time'),
        ),
        migrations.AddIndex(
            model_name='visitrow',
            index=models.Index(fields=['person', 'local_date'], name='visit_person_date'),
        ),
        migrations.AddIndex(
            model_name='visitrow',
            index=models.Index(fields=['changed_at', 'id'], name='visit_changed'),
        ),
        migrations.AddConstraint(
            model_name='visitrow',
            constraint=models.UniqueConstraint(fields=('area', 'person', 'known_by'), name='visit_once'),
        ),
    ]

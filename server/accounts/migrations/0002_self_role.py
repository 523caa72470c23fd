from django.db import migrations, models


VIEWERS = "UPDATE accounts_user SET role = 'self' WHERE role = 'viewer'"
BACK = "UPDATE accounts_user SET role = 'viewer' WHERE role = 'self'"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='user',
            name='user_role_known',
        ),
        migrations.AlterField(
            model_name='user',
            name='role',
            field=models.CharField(choices=[('admin', 'Admin'), ('operator', 'Operator'), ('manager', 'Manager'), ('viewer', 'Viewer'), ('auditor', 'Auditor'), ('self', 'Self')], default='self', max_length=16),
        ),
        migrations.RunSQL(VIEWERS, BACK),  # a viewer saw only themselves until now
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'operator', 'manager', 'viewer', 'auditor', 'self'])), name='user_role_known'),
        ),
    ]

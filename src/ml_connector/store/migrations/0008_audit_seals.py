"""Signed heads of the audit chain, and what source blocks were as delivered."""

from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0007_no_subject'),
    ]

    operations = [
        migrations.AddField(
            model_name='stagedblock',
            name='sha256',
            field=models.CharField(default='', max_length=64),
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('public_key', models.CharField(default='', max_length=60)),
                ('signature', models.CharField(default='', max_length=120)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.organisation')),
            ],
        ),
    ]

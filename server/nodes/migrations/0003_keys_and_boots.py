"""What is known already of the keys, claims and boots of the nodes."""

from django.db import migrations

KNOWN = """
INSERT INTO nodes_nodekey (node_id, public_key, valid_from) SELECT id, public_key, created_at FROM nodes_node;
INSERT INTO nodes_nodeboot (node_id, boot_id, first_at) SELECT id, boot_id, last_heartbeat_at FROM nodes_node
    WHERE boot_id IS NOT NULL AND last_heartbeat_at IS NOT NULL;
UPDATE nodes_claimtoken SET public_key = nodes_node.public_key FROM nodes_node WHERE nodes_node.id = nodes_claimtoken.node_id;
"""


class Migration(migrations.Migration):
    dependencies = [("nodes", "0002_tokens_epochs_alarms")]
    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]

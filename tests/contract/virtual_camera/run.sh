#!/bin/sh
# run.sh ROOT [SECONDS]: run lintel-edge capture with kind picamera in ROOT, and show what it recorded. For root; see README.md.
set -eu
root=$1 seconds=${2:-25}
project=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$project"
.venv/bin/python -m tests.contract.virtual_camera.prepare "$root"
chroot "$root" gcc -shared -fPIC -O1 -Wall -o /opt/udmabuf.so /opt/udmabuf.c -ldl
in_root() { chroot "$root" /usr/bin/env PATH=/usr/bin:/bin PYTHONPATH=/opt/project "$@"; }
mounted=""
for place in proc dev; do
  mountpoint -q "$root/$place" || { mount --bind "/$place" "$root/$place"; mounted="$mounted $place"; }
done
trap 'for place in $mounted; do umount "$root/$place"; done' EXIT
echo "== lintel-edge capture for $seconds s"
in_root LD_PRELOAD=/opt/udmabuf.so LIBCAMERA_LOG_LEVELS=ERROR timeout --signal=TERM "$seconds" \
  /opt/lintel/bin/python /opt/node.py capture --config /etc/lintel-node.toml || test $? = 124
echo "== lintel-edge outbox list"
in_root /opt/lintel/bin/python -m edge_client outbox list --config /etc/lintel-node.toml
echo "== what the records say"
in_root /opt/lintel/bin/python - <<'END'
import json
from pathlib import Path

from edge_client.clock import SystemClock
from edge_client.outbox.delivery import Deliveries

wanted = ("outcome", "evidence", "crop", "funnel", "blind")
for record in Deliveries.open(Path("/var/lib/lintel-node/outbox"), clock=SystemClock()).lease(20):
    said = json.loads(record.item.envelope.payload)
    print(record.item.envelope.kind, json.dumps({name: said[name] for name in wanted if name in said}))
END

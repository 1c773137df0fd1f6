#!/usr/bin/bash
# Installs security updates, and restarts the server when they ask for it. Each server has a time slot of its own, so that
# they do not restart together; before a restart it leaves the load balancer's rotation.
set -euo pipefail

DRAIN=/etc/site/drain
# Longer than the load balancer needs to see it, and than most requests take.
DRAIN_SECONDS=90

rm -f "$DRAIN"
dnf -y --refresh --security upgrade
if dnf -q needs-restarting -r >/dev/null; then
    systemctl try-reload-or-restart php-fpm httpd
    exit 0
fi
touch "$DRAIN"
sleep "$DRAIN_SECONDS"
# /etc/site/drain would keep it out after the restart as well.
rm -f "$DRAIN"
systemctl reboot

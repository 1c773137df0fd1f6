#!/usr/bin/bash
# Installs security updates, and restarts the server when they ask for it. Each server has a time slot of its own; where one
# takes longer than its slot, the next waits for it, so that never two are away at once. Before anything changes it leaves the
# load balancer's rotation.
set -euo pipefail

# shellcheck source=/dev/null
source /etc/site/boot.conf
# In memory: a restart ends it, and nothing else brings the server back before it is down.
DRAIN=/run/site-drain
# Longer than the load balancer needs to see it, and than most requests take.
DRAIN_SECONDS=90
# On the share: who is at it. It is given back, or lasts for as long as a restart may take.
TURN=$MOUNT_POINT/.site-update
TURN_MINUTES=15
PATIENCE_SECONDS=14400

RESTARTS=no
MINE=no
leave_nothing_behind() {
    if [[ $RESTARTS == no ]]; then
        rm -f "$DRAIN"
        if [[ $MINE == yes ]]; then rm -f "$TURN"; fi
    fi
}
trap leave_nothing_behind EXIT

# As dnf says it: 100 for yes.
has_updates() {
    local status=0
    dnf -q "$@" >/dev/null || status=$?
    case $status in
        0) return 1 ;;
        100) return 0 ;;
        *) exit "$status" ;;
    esac
}

wants_restart() {
    ! dnf -q needs-restarting -r >/dev/null
}

take_turn() {
    local holder
    exec 9>"$TURN.lock"
    flock -w 60 9 || return 1
    holder=$(cat "$TURN" 2>/dev/null || true)
    if [[ -n $holder && $holder != "$HOSTNAME" && -n $(find "$TURN" -mmin "-$TURN_MINUTES") ]]; then
        exec 9>&-
        return 1
    fi
    echo "$HOSTNAME" >"$TURN"
    exec 9>&-
    MINE=yes
}

# PHP's repository does not say which of its updates are about security, so that all of this branch are taken.
if ! has_updates --refresh --security check-update && ! has_updates check-update 'php*' && ! wants_restart; then exit 0; fi

waited=0
until take_turn; do
    if ((waited >= PATIENCE_SECONDS)); then
        echo "$(cat "$TURN") has its turn; tomorrow is another day"
        exit 0
    fi
    sleep 60
    waited=$((waited + 60))
done

touch "$DRAIN"
sleep "$DRAIN_SECONDS"
dnf -y --security upgrade
dnf -y upgrade 'php*'
if wants_restart; then
    touch "$TURN"
    sync
    # A server that cannot restart comes back as it is.
    systemctl reboot
    RESTARTS=yes
else
    systemctl restart php-fpm httpd
fi

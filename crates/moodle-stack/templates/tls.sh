#!/usr/bin/bash
# Keeps the certificate. One server obtains or renews it (a lock on the share decides), all servers take it from the share
# and reload. `tls.sh first` is the boot: the web server needs some certificate before it can answer the authority, so a
# self-signed one stands in until the real one is there.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
source /etc/site/boot.conf
# shellcheck source=/dev/null
source /usr/local/lib/site/secrets.sh
LOCAL=/etc/pki/site
SHARED=$MOUNT_POINT/tls

if [[ ! -s $LOCAL/cert.pem ]]; then
    first=$(mktemp -d)
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$TLS_HOST" -keyout "$first/key.pem" -out "$first/cert.pem"
    install_pair "$first/cert.pem" "$first/key.pem"
    rm -rf "$first"
fi

obtain() {
    certbot certonly --non-interactive --agree-tos --keep-until-expiring --webroot --webroot-path "$MOUNT_POINT/acme" \
        --server "$ACME_DIRECTORY" --email "$ACME_EMAIL" --domain "$TLS_HOST" --cert-name site \
        --config-dir "$SHARED/config" --work-dir "$SHARED/work" --logs-dir /var/log/site
}

if [[ ${1:-} != first ]]; then
    # Who finds the lock taken leaves the work to its holder. The lock ends with the process, also on NFS.
    exec 9>"$SHARED/lock"
    if flock -n 9; then obtain; fi
    exec 9>&-
fi

LIVE=$SHARED/config/live/site
if [[ -s $LIVE/fullchain.pem ]] && ! cmp -s "$LIVE/fullchain.pem" "$LOCAL/cert.pem"; then
    install_pair "$LIVE/fullchain.pem" "$LIVE/privkey.pem"
    systemctl try-reload-or-restart httpd
fi

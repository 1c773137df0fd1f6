#!/usr/bin/bash
# Brings changed secrets to a server that runs: a new password, replicas that came or went, a new certificate. The timer starts
# it every few minutes on every server; when nothing has changed, it changes nothing.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
source /etc/site/boot.conf
# In memory, and gone at the end.
SECRETS=/run/site-refresh
trap 'rm -rf "$SECRETS"' EXIT
mkdir -p "$SECRETS"
# shellcheck source=/dev/null
source /usr/local/lib/site/secrets.sh

fetch_secrets
before=$(sha256sum </etc/site/site.php)
seen=$(sha256sum <"$SECRETS/secrets.json")
if [[ $seen == "$(cat /var/lib/site/secrets.seen 2>/dev/null)" ]]; then exit 0; fi

# The first server that comes gives the site's user its new password; the old one goes on to work for the others.
php /usr/local/lib/site/database.php /etc/site/settings.json "$SECRETS/secrets.json"
write_site_file
if [[ $before != "$(sha256sum </etc/site/site.php)" ]]; then systemctl reload php-fpm; fi
if [[ $TLS == given ]] && ! cmp -s "$SECRETS/tls_certificate" /etc/pki/site/cert.pem; then
    install_given_certificate
    systemctl reload httpd
fi
# The digest of all secrets together tells nothing about any of them that is not in this server's memory anyway.
printf '%s' "$seen" >/var/lib/site/secrets.seen

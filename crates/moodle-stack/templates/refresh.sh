#!/usr/bin/bash
# Brings changed secrets to a server that runs: a new password, replicas that came or went, a new certificate. The timer starts
# it every few minutes on every server; when nothing has changed, it changes nothing. Secrets that are not whole are not taken:
# then everything stays as it is, and the unit has failed.
set -euo pipefail
umask 077

# shellcheck source=/dev/null
source /etc/site/boot.conf
# The boot does the same and more.
exec 8>/run/site-boot.lock
flock -n 8 || exit 0
# In memory, and gone at the end.
SECRETS=/run/site-refresh
trap 'rm -rf "$SECRETS"' EXIT
mkdir -p "$SECRETS"
# shellcheck source=/dev/null
source /usr/local/lib/site/secrets.sh

if ! fetch_secrets 2>"$SECRETS/why"; then
    echo "not now: $(reason_of "$SECRETS/why")" >&2
    exit 1
fi
seen=$(sha256sum <"$SECRETS/secrets.json")
if [[ $seen == "$(cat /var/lib/site/secrets.seen 2>/dev/null)" ]]; then exit 0; fi

# First everything is looked at, then something is changed.
php /usr/local/lib/site/secrets.php /etc/site/settings.json "$SECRETS/secrets.json"
if [[ $TLS == given ]] && ! is_pair "$SECRETS/tls_certificate" "$SECRETS/tls_key"; then
    echo 'certificate and key do not belong together' >&2
    exit 1
fi

# The first server that comes gives the site's user its new password; the old one goes on to work for the others. Where the
# password is the same, the database is not asked.
php /usr/local/lib/site/database.php /etc/site/settings.json "$SECRETS/secrets.json" changed-password
before=$(sha256sum </etc/site/site.php)
write_site_file
if [[ $before != "$(sha256sum </etc/site/site.php)" ]]; then systemctl reload php-fpm; fi
if [[ $TLS == given ]] && ! { cmp -s "$SECRETS/tls_certificate" /etc/pki/site/cert.pem &&
    cmp -s "$SECRETS/tls_key" /etc/pki/site/key.pem; }; then
    install_given_certificate
    systemctl reload httpd
fi
# The digest of all secrets together tells nothing about any of them that is not in this server's memory anyway.
printf '%s' "$seen" >/var/lib/site/secrets.seen

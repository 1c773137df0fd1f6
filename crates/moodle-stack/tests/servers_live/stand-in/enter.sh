#!/usr/bin/env bash
# enter.sh FOLDER NAME SHARE COMMAND...: runs a command as on a server of its own. It is called in a mount and a UTS namespace
# of its own, so that the rendered files lie exactly where they belong and nothing of the machine underneath changes.
#
# FOLDER holds `etc`, `local` and `www`, which become (or are laid over) /etc, /usr/local and /var/www, and `secrets.json`.
# SHARE is what is mounted in place of the NFS share.
set -euo pipefail
folder=$1 name=$2 share=$3
shift 3

hostname "$name"
mkdir -p "$folder/etc.work" "$folder/srv"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$folder/etc,workdir=$folder/etc.work" /etc
mount --bind "$folder/local" /usr/local
mount --bind "$folder/www" /var/www
mount --bind "$folder/srv" /srv
for place in /run /var/cache /var/log; do mount -t tmpfs -o mode=0755 tmpfs "$place"; done

# What Oracle Linux's packages bring.
getent passwd apache >/dev/null || echo 'apache:x:48:48:Apache:/usr/share/httpd:/sbin/nologin' >>/etc/passwd
getent group apache >/dev/null || echo 'apache:x:48:' >>/etc/group
mkdir -p /run/php-fpm /run/httpd /etc/pki/tls/certs
cp /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt
export PHP_INI_SCAN_DIR=:/etc/php.d

# What the steps before leave behind. Nobody but root can write at the mount point while nothing is mounted there. (On a
# server root cannot either: the folder is immutable, which not every file system of a test machine can do.)
mkdir -p /srv/site
chmod 0555 /srv/site
mount --bind "$share" /srv/site
install -d -o apache -g apache -m 0770 /var/cache/site
if [[ -f /etc/site/config.php ]]; then
    install -o root -g apache -m 0640 /etc/site/config.php /var/www/site/config.php
fi
install -d -m 0700 /run/site-secrets
install -m 0600 "$folder/secrets.json" /run/site-secrets/secrets.json

exec "$@"

#!/usr/bin/bash
# image.sh FOLDER: makes the disk of a small Debian with systemd, cloud-init and the programs that the site runs on. Once for
# each machine; whoever comes later finds it.
set -euo pipefail
# A disk that only root can read is of no use, whoever makes it.
umask 022

folder=$1
packages=(
    systemd systemd-sysv dbus cloud-init python3 python3-cffi-backend ca-certificates curl e2fsprogs iproute2 openssl procps
    util-linux logrotate apache2 mariadb-server php-cli php-curl php-fpm php-gd php-intl php-mbstring php-mysql php-soap php-xml
    php-zip
)
wanted="${packages[*]} $(sha256sum <"$0")"

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
if [[ -f $folder/made && $(<"$folder/made") == "$wanted" ]]; then exit 0; fi
rm -rf "$folder/made" "$folder/root"
include=$(IFS=,; echo "${packages[*]}")
debootstrap --variant=minbase --include="$include" bookworm "$folder/root" >"$folder/log" 2>&1 ||
    { tail -n 20 "$folder/log" "$folder/root/debootstrap/debootstrap.log"; exit 1; }

cd "$folder/root"
# Debian's own services of these names stay off: the test brings those that Oracle Linux has, and starts the database itself.
for service in apache2 cron e2scrub_reap php8.2-fpm; do ln -sf /dev/null "etc/systemd/system/$service.service"; done
for timer in apt-daily apt-daily-upgrade logrotate phpsessionclean; do ln -sf /dev/null "etc/systemd/system/$timer.timer"; done
ln -sf /dev/null etc/systemd/system/mariadb.socket
rm -f etc/systemd/system/multi-user.target.wants/mariadb.service
rm -rf var/cache/apt/archives/*.deb
echo "$wanted" >"$folder/made"

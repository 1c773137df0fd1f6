#!/usr/bin/bash
# Makes this server part of the site. cloud-init runs it at each start, until it has ended well once. Running it again changes
# nothing that is right already. Each step is reported as it ends; the first that fails ends the boot, and its last lines are
# reported too.
set -euo pipefail
umask 077

LIB=/usr/local/lib/site
ETC=/etc/site
STATE=/var/lib/site
LOG=/var/log/site/boot.log
# Secrets that only the boot needs. In memory, gone with the last step.
SECRETS=/run/site-secrets
# While there is no such file, the next start begins anew. It is this instance's: an image made of a server has none.
READY=/var/lib/cloud/instance/site-ready

# shellcheck source=/dev/null
source "$ETC/boot.conf"
# shellcheck source=/dev/null
source "$LIB/secrets.sh"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# One at a time: somebody may run this by hand while cloud-init does.
exec 8>/run/site-boot.lock
if ! flock -n 8; then
    echo "a boot is under way already: see $LOG"
    exit 75
fi
mkdir -p "$STATE" "$(dirname "$LOG")"
# All goes straight into the log, so that it is there when the last lines of a failed step are reported.
exec 3>&1 >>"$LOG" 2>&1

# --- reporting ---------------------------------------------------------------------------------------------------------

STEP=start
STARTED=$SECONDS

say() {
    printf 'site-boot: %s\n' "$*"
    printf 'site-boot: %s\n' "$*" | show
}

# What somebody reads at once: on the terminal of whoever runs this by hand, else on the console, which Oracle keeps as console
# history. The console is opened each time, because who logs in there takes it away from all who have it open.
show() {
    if [[ -t 3 ]]; then cat >&3; else cat 2>/dev/null >/dev/console || true; fi
}

# A report must never make a boot fail.
report() {
    python3 "$LIB/report.py" "$STATE/report.json" "$LOG" "$@" || say "the report could not be written"
    [[ -n $REPORT_BUCKET ]] && command -v oci >/dev/null || return 0
    timeout 60 oci os object put --auth instance_principal --namespace "$REPORT_NAMESPACE" --bucket-name "$REPORT_BUCKET" \
        --name "$REPORT_OBJECT" --file "$STATE/report.json" --force >/dev/null 2>&1 || say "the report could not be sent"
}

step() {
    STEP=$1
    STARTED=$SECONDS
    say "$STEP: begins"
    "$2"
    say "$STEP: done in $((SECONDS - STARTED)) s"
    report step "$STEP" ok $((SECONDS - STARTED))
}

finish() {
    local status=$?
    rm -rf "$SECRETS"
    if ((status != 0)); then
        tail -n 15 "$LOG" | sed 's/^/site-boot: | /' | show
        say "$STEP: failed with status $status after $((SECONDS - STARTED)) s"
        report step "$STEP" failed $((SECONDS - STARTED)) "$status"
    fi
}
trap finish EXIT

# Tries a command until it succeeds: packages and downloads come over networks that are not always there at once.
persistently() {
    local attempt
    for attempt in 1 2 3 4 5 6; do
        if "$@"; then return 0; fi
        say "$STEP: attempt $attempt of $1 failed"
        sleep $((attempt * 5))
    done
    return 1
}

# --- steps -------------------------------------------------------------------------------------------------------------

packages() {
    persistently dnf -y install dnf-plugins-core oracle-epel-release-el9 oraclelinux-developer-release-el9 "$REMI_RELEASE"
    # The package alone does not switch the repository on in every image, and libsodium, certbot and parts of Oracle's command
    # line come from it. What EPEL and Remi's packages need may be in the other one.
    dnf config-manager --set-enabled ol9_developer_EPEL ol9_codeready_builder
    if ! dnf -q module list --enabled php 2>/dev/null | grep -q "remi-$PHP_VERSION"; then
        dnf -y module reset php
        dnf -y module enable "php:remi-$PHP_VERSION"
    fi
    persistently dnf -y install "${PACKAGES[@]}"
}

# The web server must not start on a PHP that the application refuses.
extensions() {
    local have extension missing=()
    have=$(php -m | tr '[:upper:]' '[:lower:]')
    for extension in "${EXTENSIONS[@]}"; do
        grep -qxF -- "$extension" <<<"$have" || missing+=("$extension")
    done
    if ((${#missing[@]})); then
        echo "PHP lacks: ${missing[*]}"
        return 1
    fi
    if ! php -r 'exit((int) ini_get("max_input_vars") >= 5000 ? 0 : 1);'; then
        echo "PHP's command line does not see max_input_vars = 5000"
        return 1
    fi
}

clock() {
    grep -q '^server 169\.254\.169\.254 ' /etc/chrony.conf || echo 'server 169.254.169.254 iburst' >>/etc/chrony.conf
    systemctl enable --now chronyd
}

selinux() {
    setsebool -P httpd_can_network_connect_db=1 httpd_can_network_connect=1 httpd_use_nfs=1 httpd_can_sendmail=1
    label httpd_sys_rw_content_t "$LOCAL_CACHE(/.*)?"
    # The rule is kept under /var/run: /run is declared to be the same.
    label httpd_sys_content_t '/var/run/site-health(/.*)?'
    install -d -o "$WEB_USER" -g "$WEB_GROUP" -m 0770 "$LOCAL_CACHE"
    local pair
    for pair in "${LOCAL_LINKS[@]}"; do
        install -d -o "$WEB_USER" -g "$WEB_GROUP" -m 0770 "$LOCAL_CACHE/${pair#*=}"
    done
    restorecon -R "$LOCAL_CACHE"
}

label() {
    semanage fcontext -a -t "$1" "$2" 2>/dev/null || semanage fcontext -m -t "$1" "$2"
}

# Only added to: firewalld's direct rules on this image also guard the boot volume.
firewall() {
    systemctl enable --now firewalld
    firewall-cmd --quiet --permanent --add-service=http --add-service=https
    # The web server's user has no business with the metadata service (its DNS on the same address stays open).
    local rule=(ipv4 filter OUTPUT 0 -d 169.254.169.254 -p tcp --dport 80 -m owner --uid-owner "$WEB_USER" -j REJECT)
    firewall-cmd --quiet --permanent --direct --query-rule "${rule[@]}" >/dev/null ||
        firewall-cmd --quiet --permanent --direct --add-rule "${rule[@]}"
    firewall-cmd --quiet --reload
}

secrets() {
    mkdir -p "$SECRETS"
    fetch_secrets_when_permitted
    write_site_file
    chmod 0755 "$ETC"
}

# A dynamic group or policy that was just made counts only after some minutes, and at the latest after about an hour (Oracle,
# "Updating Dynamic Groups"). What is missing and what is forbidden look alike, so that there is no telling which it is.
fetch_secrets_when_permitted() {
    local waited=0 pause=5 limit=4500 why
    until fetch_secrets 2>"$SECRETS/why"; do
        cat "$SECRETS/why"
        why=$(reason_of "$SECRETS/why")
        if ((waited >= limit)); then
            echo "not permitted after $((limit / 60)) min: $why"
            return 1
        fi
        # Somebody who looks at the console learns what it waits for, without a line for each attempt.
        if ((waited == 0 || waited / 600 > (waited - pause) / 600)); then
            say "$STEP: waiting for the right to read them, $((waited / 60)) min so far: $why"
            report waiting "for the right to read the secrets: $why"
        fi
        sleep "$pause"
        waited=$((waited + pause))
        ((pause >= 60)) || pause=$((pause < 40 ? pause * 2 : 60))
    done
}

storage() {
    if [[ -n $NFS_SOURCE ]]; then
        mount_share
    else
        mkdir -p "$MOUNT_POINT"
    fi
    # Only the first server finds no mark. Two at once do the same thing twice.
    if [[ ! -e $MOUNT_POINT/.site-share ]]; then
        install -d -o root -g root -m 0755 "$MOUNT_POINT"
        local folder
        for folder in "${SHARED_FOLDERS[@]}"; do
            install -d -o "$WEB_USER" -g "$WEB_GROUP" -m 2770 "$MOUNT_POINT/$folder"
        done
        install -d -o root -g root -m 0700 "$MOUNT_POINT/tls"
        install -d -o root -g root -m 0755 "$MOUNT_POINT/acme"
        echo 'The servers look for this file: without it the share is not there.' >"$MOUNT_POINT/.site-share"
        chmod 0644 "$MOUNT_POINT/.site-share"
    fi
}

mount_share() {
    systemctl enable --now rpcbind rpc-statd || true
    if ! mountpoint -q "$MOUNT_POINT"; then
        mkdir -p "$MOUNT_POINT"
        # While nothing is mounted nobody can write here, not even root: a server without the share must fail, not fill
        # a folder of its own. An earlier attempt has closed it already, and what is closed takes no new permissions.
        chattr -i "$MOUNT_POINT"
        chmod 0555 "$MOUNT_POINT"
        chattr +i "$MOUNT_POINT"
    fi
    if ! grep -qxF -- "$FSTAB_LINE" /etc/fstab; then
        printf '%s\n' "$FSTAB_LINE" >>/etc/fstab
        systemctl daemon-reload
    fi
    persistently share_is_mounted
}

share_is_mounted() {
    # Without the lock: a daemon that a mount starts would keep it.
    mountpoint -q "$MOUNT_POINT" || mount "$MOUNT_POINT" 8>&-
}

code() {
    local folder=/var/www/releases/$RELEASE
    if [[ ! -e $folder/.complete ]]; then
        rm -rf "$folder" "$folder.new"
        mkdir -p "$folder.new"
        persistently download "$STATE/archive.tar.gz"
        tar -xzf "$STATE/archive.tar.gz" -C "$folder.new" --no-same-owner --strip-components="$ARCHIVE_STRIP"
        rm -f "$STATE/archive.tar.gz"
        touch "$folder.new/.complete"
        # The web server reads code, all of it, and never writes it.
        chown -R root:root "$folder.new"
        chmod -R u=rwX,go=rX "$folder.new"
        # The mark and the name must not reach the disk before what they promise.
        sync -f "$folder.new"
        mv "$folder.new" "$folder"
        chmod 0755 /var/www/releases
        if command -v restorecon >/dev/null; then restorecon -R /var/www/releases; fi
    fi
    ln -sfnT "releases/$RELEASE" "$CODE"
}

download() {
    local file=$1 url
    for url in "${ARCHIVE_URLS[@]}"; do
        if curl -sfL --retry 3 --max-time 900 -o "$file" "$url" && verified "$file" "$url"; then return 0; fi
        echo "not usable: $url"
        rm -f "$file"
    done
    return 1
}

verified() {
    local file=$1 url=$2 wanted
    if [[ -n $ARCHIVE_SHA256 ]]; then
        sha256sum --quiet -c - <<<"$ARCHIVE_SHA256  $file"
    elif [[ -n $SUM_ENDING ]]; then
        # The file of the sum may hold the sum alone, or the sum and a name in any of the usual forms.
        wanted=$(curl -sfL --retry 3 --max-time 60 "$url$SUM_ENDING" | grep -oE '\b[0-9a-f]{40,64}\b' | head -n 1)
        [[ -n $wanted ]] && "$SUM_PROGRAM" --quiet -c - <<<"$wanted  $file"
    else
        echo "no sum is known for $url: trusted by its connection alone"
    fi
}

as_web_user() {
    setpriv --reuid "$WEB_USER" --regid "$WEB_GROUP" --init-groups -- "$@"
}

# The same bytes on every server. What is shared becomes a link to the share; what each server writes for itself becomes a
# link to its own disk.
configuration() {
    local pair
    for pair in "${LINKS[@]}"; do
        move_out "$CODE/${pair%%=*}" "$MOUNT_POINT/${pair#*=}"
    done
    for pair in "${LOCAL_LINKS[@]}"; do
        move_out "$CODE/${pair%%=*}" "$LOCAL_CACHE/${pair#*=}"
    done
    if [[ -n $SET_ASIDE && -d $CODE/$SET_ASIDE ]]; then
        rm -rf "${STATE:?}/$SET_ASIDE"
        mv "$CODE/$SET_ASIDE" "$STATE/$SET_ASIDE"
        chmod 0755 "$STATE"
    fi
    install -o root -g "$WEB_GROUP" -m 0640 "$ETC/$CONFIG_NAME" "$CODE/$CONFIG_PATH"
}

# Replaces a folder of the release by a link. What the release brings is copied once, by the server that comes first: a copy
# that was cut short is made anew, and one that is whole is left to the site.
move_out() {
    local path=$1 target=$2
    if [[ -d $path && ! -L $path ]]; then
        if [[ ! -e $target.copied ]]; then
            persistently as_web_user cp -r --no-preserve=all "$path/." "$target/"
            sync -f "$target"
            touch "$target.copied"
        fi
        rm -rf "$path"
    fi
    mkdir -p "$(dirname "$path")"
    chmod 0755 "$(dirname "$path")"
    ln -sfnT "$target" "$path"
}

database() {
    php "$LIB/database.php" "$ETC/settings.json" "$SECRETS/secrets.json"
}

installation() {
    php "$LIB/install.php" "$ETC/settings.json" "$SECRETS/secrets.json"
}

certificate() {
    case $TLS in
        given) install_given_certificate ;;
        acme) bash "$LIB/tls.sh" first ;;
        *) ;;
    esac
}

services() {
    # About 100 MB a worker, with 1 GB left for everything else. At least 5.
    local memory children
    memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    children=$(((memory - 1024) / 100))
    ((children >= 5)) || children=5
    printf '[www]\npm = dynamic\npm.max_children = %d\npm.start_servers = 4\npm.min_spare_servers = 2\npm.max_spare_servers = 5\npm.max_requests = 1000\n' \
        "$children" >/etc/php-fpm.d/zz-site.conf
    httpd -t
    if [[ -n $NFS_SOURCE ]]; then come_with_the_share; fi
    systemctl daemon-reload
    systemctl enable php-fpm httpd site-health
    systemctl restart php-fpm httpd site-health
    systemctl enable --now "${TIMERS[@]}"
}

# A server that restarts while the share cannot be reached starts no web server. The minutely task asks for the share again;
# when it is there, the web server comes with it.
come_with_the_share() {
    local folder
    folder=/etc/systemd/system/$(systemd-escape --path --suffix=mount "$MOUNT_POINT").d
    mkdir -p "$folder"
    printf '[Unit]\nWants=php-fpm.service httpd.service\n' >"$folder/site.conf"
    chmod 0755 "$folder"
    chmod 0644 "$folder/site.conf"
}

# Asked as the load balancer asks: by address, so that `Host` is not the site's.
answer() {
    local got attempt
    for attempt in {1..30}; do
        got=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 http://127.0.0.1/ || true)
        if [[ $got == "$HEALTHY_CODE" ]]; then return 0; fi
        sleep 2
    done
    echo "after $attempt attempts http://127.0.0.1/ still answers $got, not $HEALTHY_CODE"
    return 1
}

# --- order -------------------------------------------------------------------------------------------------------------

report begin
step packages packages
step extensions extensions
step clock clock
step selinux selinux
step firewall firewall
step secrets secrets
step storage storage
step code code
step configuration configuration
step database database
step installation installation
step certificate certificate
step services services
step answer answer
report ready
# All of it is on the disk before the mark is.
sync
touch "$READY"
sync -f "$READY"
say 'the server is ready'

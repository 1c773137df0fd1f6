# shellcheck shell=bash
# How a server comes by its secrets. Sourced, after boot.conf and with SECRETS set, by what runs at the first boot and by what
# looks for changes afterwards.

# Oracle's command line has no other way to say who is asking than the server itself.
fetch_secrets() {
    if [[ -n $SECRET_ID ]]; then
        timeout 120 oci secrets secret-bundle get --auth instance_principal --secret-id "$SECRET_ID" \
            --query 'data."secret-bundle-content".content' --raw-output | base64 -d >"$SECRETS/secrets.json"
    else
        timeout 120 oci os object get --auth instance_principal --namespace "$SECRET_NAMESPACE" \
            --bucket-name "$SECRET_BUCKET" --name "$SECRET_OBJECT" --file "$SECRETS/secrets.json" >/dev/null
    fi
}

# What Oracle's command line said, in one line: code and message of the service, or else its last words.
reason_of() {
    local code message
    code=$(sed -nE 's/^ *"code": "(.*)",?$/\1/p' "$1" | tail -n 1)
    message=$(sed -nE 's/^ *"message": "(.*)",?$/\1/p' "$1" | tail -n 1)
    if [[ -n $code ]]; then printf '%s' "$code: $message"; else tail -n 1 "$1" | cut -c 1-200; fi
}

# The address of the site: given, or in this server's metadata.
site_url() {
    if [[ -n $SITE_URL ]]; then
        printf '%s' "$SITE_URL"
    else
        curl -sf --retry 10 --retry-delay 3 -H 'Authorization: Bearer Oracle' \
            "http://169.254.169.254/opc/v2/instance/metadata/$SITE_URL_KEY"
    fi
}

# Writes what the site's configuration reads. The same secrets give the same bytes.
write_site_file() {
    php /usr/local/lib/site/secrets.php /etc/site/settings.json "$SECRETS/secrets.json" "$(site_url)"
    chown "root:$WEB_GROUP" /etc/site/site.php
    chmod 0640 /etc/site/site.php
}

install_given_certificate() {
    install_pair "$SECRETS/tls_certificate" "$SECRETS/tls_key"
}

# Whether a key is that of a certificate: a web server that restarts with two that are not would not come back.
is_pair() {
    local of_certificate of_key
    of_certificate=$(openssl x509 -in "$1" -noout -pubkey) && of_key=$(openssl pkey -in "$2" -pubout) &&
        [[ $of_certificate == "$of_key" ]]
}

# Both files become another pair at once: /etc/pki/site is a link to the folder that holds them.
install_pair() {
    local certificate=$1 key=$2 folder old
    if ! is_pair "$certificate" "$key"; then
        echo 'certificate and key do not belong together' >&2
        return 1
    fi
    folder=/etc/pki/site.d/$(sha256sum <"$certificate" | cut -c 1-16)
    if [[ ! -d $folder ]]; then
        rm -rf "$folder.new"
        install -d -m 0700 /etc/pki/site.d "$folder.new"
        install -m 0600 "$certificate" "$folder.new/cert.pem"
        install -m 0600 "$key" "$folder.new/key.pem"
        sync -f "$folder.new"
        mv "$folder.new" "$folder"
    fi
    ln -sfnT "$folder" /etc/pki/site.new
    mv -T /etc/pki/site.new /etc/pki/site
    for old in /etc/pki/site.d/*; do
        if [[ $old != "$folder" ]]; then rm -rf "$old"; fi
    done
}

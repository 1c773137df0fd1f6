# shellcheck shell=bash
# How a server comes by its secrets. Sourced, after boot.conf and with SECRETS set, by what runs at the first boot and by what
# looks for changes afterwards.

# Oracle's command line has no other way to say who is asking than the server itself.
fetch_secrets() {
    if [[ -n $SECRET_ID ]]; then
        oci secrets secret-bundle get --auth instance_principal --secret-id "$SECRET_ID" \
            --query 'data."secret-bundle-content".content' --raw-output | base64 -d >"$SECRETS/secrets.json"
    else
        oci os object get --auth instance_principal --namespace "$SECRET_NAMESPACE" --bucket-name "$SECRET_BUCKET" \
            --name "$SECRET_OBJECT" --file "$SECRETS/secrets.json" >/dev/null
    fi
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
    install -d -m 0700 /etc/pki/site
    install -m 0600 "$SECRETS/tls_certificate" /etc/pki/site/cert.pem
    install -m 0600 "$SECRETS/tls_key" /etc/pki/site/key.pem
}

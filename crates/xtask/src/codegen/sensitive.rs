//! Which fields must not be seen in logs. Oracle's tables do not say, so it is said here.
//!
//! A string of this list becomes a `Secret<String>`; any other field is only kept out of `Debug`.

/// Service, model and field (or operation and parameter) of what must not be seen.
pub(super) const SENSITIVE: &[(&str, &str, &str)] = &[
    ("core", "IScsiVolumeAttachment", "chapSecret"),
    // User data and whatever else an administrator hands to a server: passwords, quite often.
    ("core", "Instance", "extendedMetadata"),
    ("core", "Instance", "metadata"),
    ("core", "LaunchInstanceDetails", "extendedMetadata"),
    ("core", "LaunchInstanceDetails", "metadata"),
    ("core", "UpdateInstanceDetails", "extendedMetadata"),
    ("core", "UpdateInstanceDetails", "metadata"),
    ("key_management", "OauthMetadata", "clientAppSecret"),
    ("mysql", "CreateDbSystemDetails", "adminPassword"),
    ("mysql", "CreateDbSystemSourceFromDbSystemChannelDetails", "sourcePassword"),
    // A pre-authenticated request: whoever has the URL has the data.
    ("mysql", "CreateDbSystemSourceImportFromUrlDetails", "sourceUrl"),
    ("mysql", "UpdateDbSystemDetails", "adminPassword"),
    ("object_storage", "GetObject", "opc-sse-customer-key"),
    ("object_storage", "HeadObject", "opc-sse-customer-key"),
    ("object_storage", "PutObject", "opc-sse-customer-key"),
    ("secrets", "Base64SecretBundleContentDetails", "content"),
    ("vault", "Base64SecretContentDetails", "content"),
];

/// Names that look like a secret and are none, each for its reason.
#[cfg(test)]
const HARMLESS: &[(&str, &str)] = &[
    ("PublicKeyDetails", "publicKeyContent"),     // a public key
    ("BytesGenerationContext", "secretTemplate"), // the shape of a secret, with a placeholder for it
    ("PassphraseGenerationContext", "secretTemplate"),
    ("SecretGenerationContext", "secretTemplate"),
    ("SshKeyGenerationContext", "secretTemplate"),
    ("SecretExpiryRule", "secretVersionExpiryInterval"), // a duration
    ("PemCaCertificate", "contents"),                    // a certificate
    ("DestinationConfiguration", "key"),                 // the name of a setting
];

/// Whether the field must not be seen.
pub(super) fn is_sensitive(service: &str, owner: &str, field: &str) -> bool {
    SENSITIVE.contains(&(service, owner, field))
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn every_string_that_looks_like_a_secret_has_been_judged() {
        let (services, _) = schema::load(&test_support::workspace_root()).unwrap();
        let mut forgotten = Vec::new();
        for service in &services {
            for (model, facts) in &service.models {
                for (name, field) in &facts.fields {
                    let lower = name.to_ascii_lowercase();
                    let looks_secret =
                        ["password", "passphrase", "secret", "privatekey", "token", "content", "credential"]
                            .iter()
                            .any(|part| lower.contains(part))
                            || lower == "key";
                    let names_one =
                        ["Id", "Name", "Ids", "Type", "Username"].iter().any(|end| name.ends_with(end));
                    let region_key = name == "key" && model == "Region";
                    if looks_secret
                        && field.kind == "str"
                        && field.words.is_empty()
                        && !names_one
                        && !region_key
                        && !is_sensitive(&service.service, model, name)
                        && !HARMLESS.contains(&(model, name))
                    {
                        forgotten.push(format!("{} {model}.{name}", service.service));
                    }
                }
            }
        }
        assert!(forgotten.is_empty(), "add these to SENSITIVE or HARMLESS: {forgotten:#?}");
    }

    #[test]
    fn the_list_names_only_what_exists() {
        let (services, _) = schema::load(&test_support::workspace_root()).unwrap();
        for (service, owner, field) in SENSITIVE {
            let found = services.iter().filter(|table| table.service == *service).any(|table| {
                table.models.get(*owner).is_some_and(|model| model.fields.contains_key(*field))
                    || table.clients.values().any(|client| {
                        client.operations.get(*owner).is_some_and(|operation| {
                            operation.header_params.iter().any(|header| header == field)
                        })
                    })
            });
            assert!(found, "{service} {owner}.{field} is not in the tables");
        }
    }
}

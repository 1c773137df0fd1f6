//! What the environment and a profile say, under one name each.
//!
//! A variable goes before the same setting of the profile, as in Oracle's command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use world::World;

use super::config_file::{ConfigFile, Setting};
use super::error::CredentialError;
use super::files::Named;
use super::provider::Method;
use crate::ocid;
use crate::secret::Secret;

/// A setting that may come from the environment or a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Tenancy,
    User,
    Fingerprint,
    KeyFile,
    KeyContent,
    Passphrase,
    Region,
    SecurityTokenFile,
    DelegationTokenFile,
    Auth,
}

/// Each setting with its name in a profile and its variables: those of Oracle's command line first, then those
/// of its Terraform provider, which it takes in both cases.
///
/// # Source
/// `oci_cli/cli_root.py` of Oracle's command line 3.95.1; the page "Configuring the Provider" of Oracle's
/// Terraform documentation.
const NAMES: [(Name, &[&str], &[&str]); 10] = [
    (
        Name::Tenancy,
        &["tenancy"],
        &["OCI_CLI_TENANCY", "TF_VAR_tenancy_ocid", "OCI_tenancy_ocid", "OCI_TENANCY_OCID"],
    ),
    (Name::User, &["user"], &["OCI_CLI_USER", "TF_VAR_user_ocid", "OCI_user_ocid", "OCI_USER_OCID"]),
    (
        Name::Fingerprint,
        &["fingerprint"],
        &["OCI_CLI_FINGERPRINT", "TF_VAR_fingerprint", "OCI_fingerprint", "OCI_FINGERPRINT"],
    ),
    (
        Name::KeyFile,
        &["key_file"],
        &["OCI_CLI_KEY_FILE", "TF_VAR_private_key_path", "OCI_private_key_path", "OCI_PRIVATE_KEY_PATH"],
    ),
    (
        Name::KeyContent,
        &[],
        &["OCI_CLI_KEY_CONTENT", "TF_VAR_private_key", "OCI_private_key", "OCI_PRIVATE_KEY"],
    ),
    (
        Name::Passphrase,
        // The second one is what Oracle's Go SDK reads.
        &["pass_phrase", "passphrase"],
        &[
            "OCI_CLI_PASSPHRASE",
            "TF_VAR_private_key_password",
            "OCI_private_key_password",
            "OCI_PRIVATE_KEY_PASSWORD",
        ],
    ),
    // `OCI_REGION` is asked last, after the profile: see `Settings::region`.
    (Name::Region, &["region"], &["OCI_CLI_REGION", "TF_VAR_region", "OCI_region"]),
    (Name::SecurityTokenFile, &["security_token_file"], &["OCI_CLI_SECURITY_TOKEN_FILE"]),
    (Name::DelegationTokenFile, &["delegation_token_file"], &["OCI_CLI_DELEGATION_TOKEN_FILE"]),
    (Name::Auth, &["authentication_type"], &["OCI_CLI_AUTH", "TF_VAR_auth", "OCI_auth", "OCI_AUTH"]),
];

/// Variables that name the profile and the file.
pub(super) const PROFILE_VARIABLES: [&str; 4] =
    ["OCI_CLI_PROFILE", "TF_VAR_config_file_profile", "OCI_config_file_profile", "OCI_CONFIG_FILE_PROFILE"];
pub(super) const FILE_VARIABLE: &str = "OCI_CLI_CONFIG_FILE";
pub(super) const FALLBACK_FILE_VARIABLE: &str = "OCI_CONFIG_FILE";

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) value: Secret<String>,
    /// Such as `OCI_CLI_USER`, or ``` `user` on line 2 of /home/me/.oci/config ```.
    pub(super) origin: String,
    /// The file that it stands in.
    file: Option<PathBuf>,
}

/// All values that are known, the environment's before the profile's.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    given: BTreeMap<Name, Given>,
}

/// A variable that is set and not empty.
pub(super) fn variable(world: &dyn World, names: &[&str]) -> Option<(String, String)> {
    names.iter().find_map(|name| {
        let value = world.env_var(name).filter(|value| !value.trim().is_empty())?;
        Some(((*name).to_owned(), value))
    })
}

impl Settings {
    /// What the environment says.
    pub(super) fn from_environment(world: &dyn World) -> Self {
        let given = NAMES.iter().filter_map(|(name, _, variables)| {
            let (origin, value) = variable(world, variables)?;
            Some((*name, Given { value: Secret::new(value), origin, file: None }))
        });
        Self { given: given.collect() }
    }

    /// What a profile says.
    pub(super) fn from_profile(path: &Path, profile: &BTreeMap<String, Setting>) -> Self {
        let given = NAMES.iter().filter_map(|(name, keys, _)| {
            let (key, setting) = keys.iter().find_map(|key| Some((key, profile.get(*key)?)))?;
            let filled = !setting.value.is_empty();
            filled.then(|| {
                let origin = format!("`{key}` on line {} of {}", setting.line, path.display());
                let value = Secret::new(setting.value.clone());
                (*name, Given { value, origin, file: Some(path.to_owned()) })
            })
        });
        Self { given: given.collect() }
    }

    /// These values, and those of `beneath` where there is none.
    pub(super) fn over(self, beneath: Self) -> Self {
        let mut given = beneath.given;
        // A key given by its content replaces one in a file, and the other way round.
        if self.given.contains_key(&Name::KeyContent) {
            given.remove(&Name::KeyFile);
        }
        given.extend(self.given);
        Self { given }
    }

    pub(super) fn get(&self, name: Name) -> Option<&Given> {
        self.given.get(&name)
    }

    /// Whether there is a key, in a file or by its content.
    pub(super) fn has_key(&self) -> bool {
        self.get(Name::KeyFile).or(self.get(Name::KeyContent)).is_some()
    }

    /// Whether anything says who the caller is. A tenancy or a region alone does not.
    pub(super) fn says_who(&self) -> bool {
        self.has_key()
            || [Name::User, Name::Fingerprint, Name::SecurityTokenFile]
                .iter()
                .any(|name| self.get(*name).is_some())
    }

    /// The file that a setting names.
    pub(super) fn file(&self, world: &dyn World, name: Name) -> Option<Named> {
        let given = self.get(name)?;
        let written = given.value.expose().trim();
        Some(Named::new(world, written, given.file.as_deref(), given.origin.clone()))
    }

    /// An OCID, by the pattern of Oracle's SDKs.
    pub(super) fn ocid(&self, name: Name) -> Result<Option<String>, CredentialError> {
        let Some(given) = self.get(name) else { return Ok(None) };
        let text = given.value.expose().trim();
        if ocid::is_plausible(text) {
            return Ok(Some(text.to_owned()));
        }
        Err(CredentialError::Malformed {
            origin: given.origin.clone(),
            reason: "an OCID looks like `ocid1.user.oc1..aaaa…`".to_owned(),
        })
    }

    /// How the caller wants to prove who it is, if that is said.
    pub(super) fn method(&self) -> Result<Option<Method>, CredentialError> {
        let Some(given) = self.get(Name::Auth) else { return Ok(None) };
        let asked = given.value.expose().trim();
        // The words of the command line and of `authentication_type`, then those of Terraform.
        let method = match asked.to_ascii_lowercase().as_str() {
            "api_key" | "apikey" => Method::ApiKey,
            "security_token" | "securitytoken" => Method::SessionToken,
            "instance_principal" | "instanceprincipal" => Method::InstancePrincipal,
            "instance_obo_user" | "delegation_token_with_instance_principal" => {
                Method::InstanceOnBehalfOfUser
            }
            "resource_principal" | "resourceprincipal" => Method::ResourcePrincipal,
            _ => {
                return Err(CredentialError::Unsupported {
                    origin: given.origin.clone(),
                    asked: asked.to_owned(),
                    supported: "`api_key`, `security_token`, `instance_principal`, `instance_obo_user`, \
                                `resource_principal`",
                });
            }
        };
        Ok(Some(method))
    }
}

/// Settings that may not stand in a file.
pub(super) fn forbidden(path: &Path, profile: &BTreeMap<String, Setting>) -> Result<(), CredentialError> {
    match profile.get("key_content") {
        Some(setting) => Err(CredentialError::Malformed {
            origin: format!("`key_content` on line {} of {}", setting.line, path.display()),
            reason:
                "a key may not stand in the file itself; write it into a file of its own and name that with \
                     `key_file`"
                    .to_owned(),
        }),
        None => Ok(()),
    }
}

/// Whether the profile means a session: a token file of its own, or an inherited one that no API key of its own
/// replaces.
pub(super) fn is_session(file: &ConfigFile, profile: &str, settings: &Settings) -> bool {
    settings.get(Name::SecurityTokenFile).is_some()
        && (file.is_own(profile, "security_token_file") || !file.is_own(profile, "user"))
}

//! Resource principal, version 2.2: the surroundings of a function or a container hold a token, its key and
//! the region, as values or as files that are renewed from outside.
//!
//! # Source
//! Oracle's Python SDK 2.189.0, `auth/signers/ephemeral_resource_principals_signer.py`.

use std::path::Path;
use std::sync::Arc;

use world::{BoxFuture, World};

use super::credential::Credential;
use super::error::CredentialError;
use super::files::Named;
use super::instance::credential_of;
use super::provider::{Method, WhoAmI};
use super::renewing::{Fetched, TokenSource};
use super::token::Claims;
use crate::key::SigningKey;
use crate::region::Region;
use crate::secret::Secret;

pub(super) const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
const TOKEN: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
const KEY: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
pub(super) const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";

/// A variable's value, or the file that it names.
#[derive(Debug)]
enum Value {
    Here(Secret<String>),
    File(Named),
}

/// A resource's identity, as a source of tokens.
#[derive(Debug)]
pub(super) struct ResourceSource {
    world: Arc<dyn World>,
    token: Value,
    key: Value,
    passphrase: Option<Value>,
    region: Option<Region>,
    whoami: WhoAmI,
}

impl ResourceSource {
    /// Reads the variables. `Ok(None)` if there are none of them.
    pub(super) fn from_environment(
        world: &Arc<dyn World>,
        region: Option<Region>,
        whoami: WhoAmI,
    ) -> Result<Option<Self>, CredentialError> {
        let variable = |name: &str| world.env_var(name).filter(|value| !value.trim().is_empty());
        let Some(version) = variable(VERSION) else { return Ok(None) };
        if version.trim() != "2.2" {
            return Err(CredentialError::Unsupported {
                origin: VERSION.to_owned(),
                asked: version,
                supported: "`2.2` (functions and container instances)",
            });
        }
        let missing: Vec<String> = [TOKEN, KEY]
            .iter()
            .filter(|name| variable(name).is_none())
            .map(|name| (*name).to_owned())
            .collect();
        let value = |name: &'static str| variable(name).map(|text| Value::of(&**world, name, text));
        match (value(TOKEN), value(KEY)) {
            (Some(token), Some(key)) => Ok(Some(Self {
                world: Arc::clone(world),
                token,
                key,
                passphrase: value(PASSPHRASE),
                region,
                whoami,
            })),
            _ => Err(CredentialError::Incomplete {
                origin: "the environment of the resource principal".to_owned(),
                missing,
            }),
        }
    }

    fn read(&self) -> Result<Fetched, CredentialError> {
        let world = &*self.world;
        let passphrase = match &self.passphrase {
            Some(Value::Here(text)) => Some(text.clone()),
            Some(Value::File(file)) => Some(file.read_token(world, "passphrase")?),
            None => None,
        };
        let key = match &self.key {
            Value::Here(pem) => SigningKey::from_pem(pem.expose().as_bytes(), passphrase.as_ref())
                .map_err(|source| CredentialError::Key { origin: KEY.to_owned(), source })?,
            Value::File(file) => file.read_key(world, passphrase.as_ref())?,
        };
        let (token, origin) = match &self.token {
            Value::Here(token) => (Secret::new(token.expose().trim().to_owned()), TOKEN.to_owned()),
            Value::File(file) => (file.read_token(world, "resource principal's token")?, file.describe()),
        };
        let claims = Claims::of(token.expose())
            .map_err(|source| CredentialError::Token { origin: origin.clone(), source })?;
        let credential = credential_of(&token, Arc::new(key), &origin)?;
        if let Some(at) = credential.expires_at().filter(|at| *at <= world.now()) {
            let hint = match &self.token {
                Value::Here(_) => {
                    "a token in a variable cannot be renewed; start the program anew".to_owned()
                }
                Value::File(file) => format!("whatever writes {} has not renewed it", file.path.display()),
            };
            return Err(CredentialError::Expired {
                what: format!("token from {origin}"),
                at: Some(at),
                hint,
            });
        }
        let whoami = WhoAmI {
            method: Method::ResourcePrincipal,
            tenancy: claims.tenancy(),
            region: self.region.as_ref().map(|region| region.name().to_owned()),
            ..self.whoami.clone()
        };
        Ok(Fetched { credential: Arc::new(credential), whoami })
    }
}

impl Value {
    fn of(world: &dyn World, name: &'static str, text: String) -> Self {
        // As in Oracle's SDKs: an absolute path is a file, and anything else the value itself.
        if Path::new(&text).is_absolute() {
            Self::File(Named::new(world, &text, None, name.to_owned()))
        } else {
            Self::Here(Secret::new(text))
        }
    }
}

impl TokenSource for ResourceSource {
    fn fetch(&self, _previous: Option<Arc<Credential>>) -> BoxFuture<'_, Result<Fetched, CredentialError>> {
        Box::pin(async { self.read() })
    }

    fn can_renew(&self) -> bool {
        matches!(self.token, Value::File(_))
    }
}

//! Instance principal: the machine that the program runs on proves who it is with a certificate that its
//! metadata service hands out, and gets a token for a key made on the spot.
//!
//! Region, certificate and key are asked for anew at each renewal, since they are rotated.
//!
//! # Source
//! Oracle's Python SDK 2.189.0, `auth/federation_client.py` and
//! `auth/signers/instance_principals_security_token_signer.py`.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use world::BoxFuture;

use super::certificate::{self, Certificate};
use super::credential::Credential;
use super::error::CredentialError;
use super::exchange::{self, Exchange, GLANCE, METADATA, Patience};
use super::files;
use super::provider::{Method, WhoAmI};
use super::renewing::{Fetched, TokenSource};
use super::token::Claims;
use crate::endpoint::{Endpoints, Origin};
use crate::key::SigningKey;
use crate::region::{Region, RegionMetadata, Regions};
use crate::request::SigningRule;
use crate::secret::Secret;

/// Where every instance finds its metadata service; the second one on networks with IPv6 only.
const METADATA_BASES: [&str; 2] = ["http://169.254.169.254/opc/v2", "http://[fd00:c1::a9fe:a9fe]/opc/v2"];

/// How often certificate and key are read again when they do not belong together: they were rotated between
/// the two requests.
const PAIR_READS_MAX: u32 = 3;

/// An instance's identity, as a source of tokens.
#[derive(Debug)]
pub(super) struct InstanceSource {
    pub(super) exchange: Exchange,
    /// `OCI_METADATA_BASE_URL`.
    pub(super) metadata_base: Option<String>,
    /// The auth service, if it is not the region's.
    pub(super) federation: Option<Origin>,
    pub(super) regions: Regions,
    /// The region that was asked for, whatever the metadata service says.
    pub(super) region: Option<Region>,
    /// A file with the token of the user on whose behalf the instance acts.
    pub(super) delegation: Option<files::Named>,
    /// What is known of the caller from elsewhere: the profile, and warnings.
    pub(super) whoami: WhoAmI,
    pub(super) learnt: Mutex<Learnt>,
}

/// What does not change while the instance runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Learnt {
    base: Option<String>,
    region: Option<Region>,
    tenancy: Option<String>,
}

impl InstanceSource {
    /// Whether there is a metadata service: one quick request.
    ///
    /// # Errors
    /// Why there is none, or none that answers.
    pub(super) async fn look(&self) -> Result<(), CredentialError> {
        self.region_with(GLANCE).await.map(|_| ())
    }

    fn learnt(&self) -> Learnt {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, change: impl FnOnce(&mut Learnt)) {
        change(&mut self.learnt.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The base URL that answers, and the region that the instance is in.
    async fn region_with(&self, patience: Patience) -> Result<(String, Region), CredentialError> {
        if let Learnt { base: Some(base), region: Some(region), .. } = self.learnt() {
            return Ok((base, region));
        }
        let bases: Vec<String> = match &self.metadata_base {
            Some(base) => vec![base.clone()],
            None => METADATA_BASES.iter().map(|base| (*base).to_owned()).collect(),
        };
        let mut failed = None;
        for base in bases {
            match self.exchange.metadata(&base, "/instance/region", patience).await {
                Ok(answer) => {
                    let region = self.region_named(&base, &answer).await?;
                    self.learn(|learnt| {
                        learnt.base = Some(base.clone());
                        learnt.region = Some(region.clone());
                    });
                    return Ok((base, region));
                }
                // Nothing listens on this address; the other one may be the right one.
                Err(error @ CredentialError::Service { status: None, .. }) => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(failed.expect("there is at least one address"))
    }

    /// The service answers with a short code, a full name, or a region that our table does not have.
    async fn region_named(&self, base: &str, answer: &[u8]) -> Result<Region, CredentialError> {
        let name = String::from_utf8_lossy(answer).trim().to_owned();
        let region = self.regions.resolve(&name);
        if region.is_known() {
            return Ok(region);
        }
        // It is known to the service: its domain is in the longer answer, which old images do not have.
        let described = self.exchange.metadata(base, "/instance/regionInfo", GLANCE).await;
        let metadata = described.ok().and_then(|json| serde_json::from_slice::<RegionMetadata>(&json).ok());
        let Some(metadata) = metadata else { return Ok(region) };
        let mut regions = self.regions.clone();
        regions.add(&metadata);
        Ok(regions.resolve(&metadata.region_identifier))
    }

    /// The leaf certificate and the key that belongs to it.
    async fn certificate(&self, base: &str) -> Result<(Certificate, Arc<SigningKey>), CredentialError> {
        for _ in 0..PAIR_READS_MAX {
            let certificate = self.exchange.metadata(base, "/identity/cert.pem", METADATA).await?;
            let key = self.exchange.metadata(base, "/identity/key.pem", METADATA).await?;
            let certificate =
                Certificate::parse(&certificate).map_err(|reason| CredentialError::Certificate { reason })?;
            let key = SigningKey::from_pem(&key, None).map_err(|source| CredentialError::Key {
                origin: "the metadata service".to_owned(),
                source,
            })?;
            if certificate.public_key_der() == key.public_key_der() {
                return Ok((certificate, Arc::new(key)));
            }
        }
        Err(CredentialError::Certificate {
            reason: format!("certificate and key did not belong together in {PAIR_READS_MAX} attempts"),
        })
    }

    fn auth_origin(&self, region: &Region) -> Result<String, CredentialError> {
        let endpoints = Endpoints::of_region(region.clone());
        let endpoints = match &self.federation {
            Some(origin) => endpoints.all_at(origin.clone()),
            None => endpoints,
        };
        endpoints
            .auth_origin()
            .map_err(|source| CredentialError::Endpoint { purpose: "the auth service", source })
    }

    async fn fetch_token(&self) -> Result<Fetched, CredentialError> {
        const STEP: &str = "asking the auth service for a token for this instance";

        let (base, found) = self.region_with(METADATA).await?;
        let (leaf, leaf_key) = self.certificate(&base).await?;
        let intermediate = self.exchange.metadata(&base, "/identity/intermediate.pem", METADATA).await?;
        let intermediate =
            certificate::ders(&intermediate).map_err(|reason| CredentialError::Certificate { reason })?;
        let tenancy = leaf.tenancy().to_owned();
        self.check_tenancy(&tenancy)?;

        let session_key = new_session_key().await?;
        let body = json!({
            "certificate": BASE64.encode(leaf.der()),
            "intermediateCertificates": intermediate.iter().map(|der| BASE64.encode(der)).collect::<Vec<_>>(),
            "publicKey": BASE64.encode(session_key.public_key_der()),
        });
        let origin = self.auth_origin(&found)?;
        let request = exchange::post(&origin, "/v1/x509", &body, SigningRule::Federation);
        let key_id = format!("{tenancy}/fed-x509/{}", leaf.fingerprint());
        let leaf_credential = Credential::with_key_id(key_id, leaf_key)
            .map_err(|error| CredentialError::Certificate { reason: error.to_string() })?;
        let answer = self.exchange.signed(STEP, &request, &Arc::new(leaf_credential)).await?;
        let token = exchange::token_of(&answer, STEP)?;

        let credential = credential_of(&token, session_key, "the auth service")?;
        let (credential, method) = match &self.delegation {
            Some(file) => (file.delegate(&*self.exchange.world, credential)?, Method::InstanceOnBehalfOfUser),
            None => (credential, Method::InstancePrincipal),
        };
        let region = self.region.as_ref().unwrap_or(&found);
        let whoami = WhoAmI {
            method,
            tenancy: Some(tenancy),
            region: Some(region.name().to_owned()),
            ..self.whoami.clone()
        };
        Ok(Fetched { credential: Arc::new(credential), whoami })
    }

    /// An instance does not move to another tenancy: whatever answers then is not our metadata service.
    fn check_tenancy(&self, tenancy: &str) -> Result<(), CredentialError> {
        match self.learnt().tenancy {
            Some(known) if known != tenancy => Err(CredentialError::Certificate {
                reason: format!("its tenancy changed from {known} to {tenancy}"),
            }),
            _ => {
                self.learn(|learnt| learnt.tenancy = Some(tenancy.to_owned()));
                Ok(())
            }
        }
    }
}

impl TokenSource for InstanceSource {
    fn fetch(&self, _previous: Option<Arc<Credential>>) -> BoxFuture<'_, Result<Fetched, CredentialError>> {
        Box::pin(self.fetch_token())
    }
}

/// A key for one token, made where it may block.
pub(super) async fn new_session_key() -> Result<Arc<SigningKey>, CredentialError> {
    let made = tokio::task::spawn_blocking(SigningKey::generate).await;
    let key = made.expect("making a key does not panic, and blocking tasks are not aborted once they run");
    Ok(Arc::new(key.map_err(CredentialError::SessionKey)?))
}

/// A token and its key, with the expiry that the token states.
pub(super) fn credential_of(
    token: &Secret<String>,
    key: Arc<SigningKey>,
    origin: &str,
) -> Result<Credential, CredentialError> {
    let unusable = |source| CredentialError::Token { origin: origin.to_owned(), source };
    let expires_at = Claims::of(token.expose()).and_then(|claims| claims.expires_at()).map_err(unusable)?;
    Credential::security_token(token, key, Some(expires_at))
        .map_err(|_| unusable(super::token::TokenError::NotAToken))
}

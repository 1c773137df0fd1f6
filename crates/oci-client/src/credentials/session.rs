//! Session token: what `oci session authenticate` left behind, renewed as long as the session may last.
//!
//! The file is read again before each renewal, because `oci session refresh` may have renewed it. What we
//! renew ourselves stays in memory: nothing here writes files.
//!
//! # Source
//! `oci_cli/cli_session.py` of Oracle's command line 3.95.1, command `refresh`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;
use world::BoxFuture;

use super::credential::Credential;
use super::error::CredentialError;
use super::exchange::{self, Exchange};
use super::files::Named;
use super::instance::credential_of;
use super::provider::WhoAmI;
use super::renewing::{Fetched, TokenSource};
use super::token::Claims;
use crate::endpoint::Endpoints;
use crate::key::SigningKey;
use crate::request::SigningRule;
use crate::secret::Secret;

/// A session, as a source of tokens.
#[derive(Debug)]
pub(super) struct SessionSource {
    pub(super) exchange: Exchange,
    pub(super) token_file: Named,
    pub(super) key_file: Named,
    pub(super) passphrase: Option<Secret<String>>,
    pub(super) endpoints: Endpoints,
    pub(super) whoami: WhoAmI,
}

impl SessionSource {
    async fn next(&self, previous: Option<Arc<Credential>>) -> Result<Fetched, CredentialError> {
        let now = self.exchange.world.now();
        let is_over = |credential: &Credential| credential.expires_at().filter(|at| *at <= now);
        let Some(previous) = previous else {
            let (token, credential) = self.read()?;
            return match is_over(&credential) {
                Some(at) => Err(self.over(Some(at))),
                None => self.fetched(credential, token.expose()),
            };
        };
        // Somebody may have logged in again, or renewed the file.
        if let Ok((token, credential)) = self.read()
            && credential.expires_at() > previous.expires_at()
            && is_over(&credential).is_none()
        {
            return self.fetched(credential, token.expose());
        }
        match is_over(&previous) {
            Some(at) => Err(self.over(Some(at))),
            None => self.refresh(&previous).await,
        }
    }

    fn read(&self) -> Result<(Secret<String>, Credential), CredentialError> {
        let world = &*self.exchange.world;
        let token = self.token_file.read_token(world, "session token")?;
        let key: SigningKey = self.key_file.read_key(world, self.passphrase.as_ref())?;
        let credential = credential_of(&token, Arc::new(key), &self.token_file.describe())?;
        Ok((token, credential))
    }

    async fn refresh(&self, current: &Arc<Credential>) -> Result<Fetched, CredentialError> {
        const STEP: &str = "renewing the session token";

        let origin = self
            .endpoints
            .auth_origin()
            .map_err(|source| CredentialError::Endpoint { purpose: "the auth service", source })?;
        let token = current.key_id().expose().strip_prefix("ST$").unwrap_or_default();
        let body = json!({ "currentToken": token });
        let request = exchange::post(&origin, "/v1/authentication/refresh", &body, SigningRule::Standard);
        let answer = match self.exchange.signed(STEP, &request, current).await {
            // The session itself has reached its end, or was ended.
            Err(CredentialError::Service { status: Some(http::StatusCode::UNAUTHORIZED), .. }) => {
                return Err(self.over(None));
            }
            result => result?,
        };
        let token = exchange::token_of(&answer, STEP)?;
        let credential = credential_of(&token, current.shared_key(), "the auth service")?;
        self.fetched(credential, token.expose())
    }

    fn fetched(&self, credential: Credential, token: &str) -> Result<Fetched, CredentialError> {
        let claims = Claims::of(token)
            .map_err(|source| CredentialError::Token { origin: self.token_file.describe(), source })?;
        let whoami = WhoAmI {
            tenancy: self.whoami.tenancy.clone().or_else(|| claims.tenancy()),
            user: self.whoami.user.clone().or_else(|| claims.user()),
            ..self.whoami.clone()
        };
        Ok(Fetched { credential: Arc::new(credential), whoami })
    }

    fn over(&self, at: Option<DateTime<Utc>>) -> CredentialError {
        let profile = self.whoami.profile.as_deref().map(|name| format!(" --profile-name {name}"));
        let region = self.whoami.region.as_deref().map(|name| format!(" --region {name}"));
        CredentialError::Expired {
            what: format!("session token from {}", self.token_file.describe()),
            at,
            hint: format!(
                "log in again with `oci session authenticate{}{}`",
                profile.unwrap_or_default(),
                region.unwrap_or_default()
            ),
        }
    }
}

impl TokenSource for SessionSource {
    fn fetch(&self, previous: Option<Arc<Credential>>) -> BoxFuture<'_, Result<Fetched, CredentialError>> {
        Box::pin(self.next(previous))
    }
}

//! What we read from a token: when it expires, and whom it speaks for. The rest is the service's business.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use serde::Deserialize;

const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims of a token that matter to us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Claims {
    #[serde(default)]
    exp: Option<serde_json::Number>,
    /// A resource principal's tenancy.
    #[serde(default)]
    res_tenant: Option<String>,
    /// Anybody else's tenancy.
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    sub: Option<String>,
}

/// The text is not a token that we can read. The text itself is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts joined by dots, or the middle one is not JSON in base64.
    #[error("it is not a JSON web token")]
    NotAToken,
    /// No `exp`, or not a time.
    #[error("it does not say when it expires (no claim `exp`)")]
    NoExpiry,
}

impl Claims {
    /// Reads the claims of a token. Its signature is for the service to check, with a key that we do not have.
    pub(super) fn of(token: &str) -> Result<Self, TokenError> {
        let mut parts = token.trim().split('.');
        let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::NotAToken);
        };
        let json = BASE64_URL.decode(claims).map_err(|_| TokenError::NotAToken)?;
        serde_json::from_slice(&json).map_err(|_| TokenError::NotAToken)
    }

    /// When it expires.
    pub(super) fn expires_at(&self) -> Result<DateTime<Utc>, TokenError> {
        let number = self.exp.as_ref().ok_or(TokenError::NoExpiry)?;
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second does not matter")]
        let seconds = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64));
        seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(TokenError::NoExpiry)
    }

    /// The tenancy that it was issued for.
    pub(super) fn tenancy(&self) -> Option<String> {
        self.res_tenant.clone().or_else(|| self.tenant.clone())
    }

    /// The user that it was issued to, if it is one.
    pub(super) fn user(&self) -> Option<String> {
        self.sub.clone().filter(|sub| sub.starts_with("ocid1.user."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL.encode(claims))
    }

    #[test]
    fn expiry_and_tenancy_are_read_from_the_claims() {
        let claims =
            Claims::of(&token(r#"{"exp":1795266000,"res_tenant":"t1","tenant":"t2","sub":"ocid1.user.x"}"#));
        let claims = claims.unwrap();
        assert_eq!(claims.expires_at().unwrap().timestamp(), 1_795_266_000);
        assert_eq!(
            (claims.tenancy().as_deref(), claims.user().as_deref()),
            (Some("t1"), Some("ocid1.user.x"))
        );
        assert_eq!(
            Claims::of(&token(r#"{"exp":1.5e9}"#)).unwrap().expires_at().unwrap().timestamp(),
            1_500_000_000
        );
    }

    #[test]
    fn what_is_no_token_is_said_without_its_text() {
        for text in ["", "a.b", "a.b.c.d", "a.!.c", "a.e30x.c", "canary"] {
            assert_eq!(Claims::of(text), Err(TokenError::NotAToken), "{text:?}");
        }
        for claims in ["{}", r#"{"exp":1e300}"#] {
            assert_eq!(
                Claims::of(&token(claims)).unwrap().expires_at(),
                Err(TokenError::NoExpiry),
                "{claims}"
            );
        }
    }
}

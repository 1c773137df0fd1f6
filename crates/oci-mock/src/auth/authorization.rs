//! Reading the `Authorization` header: parameters by name, in any order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// More headers than this nobody signs; it bounds the work on hostile input.
const HEADERS_MAX: usize = 32;

/// A parsed `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Whose key.
    pub key_id: String,
    /// Which headers are signed, in the order of the signing string, in lower case.
    pub headers: Vec<String>,
    /// The signature's bytes.
    pub signature: Vec<u8>,
}

impl Authorization {
    /// Whether this header is signed.
    #[must_use]
    pub fn signs(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }

    /// Reads a header's value.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(value: &str) -> Result<Self, String> {
        let (scheme, rest) = value.trim().split_once(' ').ok_or("there is only one word in Authorization")?;
        if !scheme.eq_ignore_ascii_case("Signature") {
            return Err(format!("the scheme is {scheme:?}, Signature is needed"));
        }
        let mut parameters = Parameters::default();
        parameters.read(rest)?;
        let need = |value: Option<String>, name: &str| value.ok_or_else(|| format!("{name} is missing"));
        let version = need(parameters.version, "version")?;
        if version != "1" {
            return Err(format!("version {version:?} is not supported, it must be 1"));
        }
        let algorithm = need(parameters.algorithm, "algorithm")?;
        if algorithm != "rsa-sha256" {
            return Err(format!("the algorithm is {algorithm:?}, rsa-sha256 is needed"));
        }
        let headers: Vec<String> =
            need(parameters.headers, "headers")?.split(' ').map(str::to_ascii_lowercase).collect();
        if headers.len() > HEADERS_MAX || headers.iter().any(String::is_empty) {
            return Err("headers is not a list of names with single spaces between them".to_owned());
        }
        let signature = STANDARD
            .decode(need(parameters.signature, "signature")?)
            .map_err(|_| "the signature is no base64".to_owned())?;
        Ok(Self { key_id: need(parameters.key_id, "keyId")?, headers, signature })
    }
}

#[derive(Default)]
struct Parameters {
    version: Option<String>,
    key_id: Option<String>,
    algorithm: Option<String>,
    headers: Option<String>,
    signature: Option<String>,
}

impl Parameters {
    /// `name="value"` pairs between commas.
    fn read(&mut self, mut rest: &str) -> Result<(), String> {
        loop {
            let (name, after) = rest.split_once('=').ok_or("a parameter has no value")?;
            let quoted = after.strip_prefix('"').ok_or("a value is not in quotes")?;
            let (value, after) = quoted.split_once('"').ok_or("a quote is not closed")?;
            self.set(name.trim(), value)?;
            match after.trim_start().strip_prefix(',') {
                Some(more) => rest = more,
                None if after.trim().is_empty() => return Ok(()),
                None => return Err("something follows a parameter without a comma".to_owned()),
            }
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let slot = match name {
            "version" => &mut self.version,
            "keyId" => &mut self.key_id,
            "algorithm" => &mut self.algorithm,
            "headers" => &mut self.headers,
            "signature" => &mut self.signature,
            other => return Err(format!("there is no parameter {other:?}")),
        };
        match slot.replace(value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("{name} is there twice")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_any_order() {
        for text in [
            r#"Signature version="1",keyId="k",algorithm="rsa-sha256",headers="date host",signature="AAAA""#,
            r#"Signature algorithm="rsa-sha256",headers="Date Host",keyId="k",signature="AAAA",version="1""#,
            r#"signature  signature="AAAA" , version="1", headers="date host",algorithm="rsa-sha256",keyId="k" "#,
        ] {
            let parsed = Authorization::parse(text).unwrap();
            assert_eq!(
                (parsed.key_id.as_str(), parsed.headers.join(" ").as_str()),
                ("k", "date host"),
                "{text}"
            );
            assert_eq!(parsed.signature, [0, 0, 0]);
        }
    }

    #[test]
    fn a_malformed_header_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "one word"),
            ("Signature", "one word"),
            ("Bearer abc", "scheme"),
            ("Signature version", "no value"),
            ("Signature version=1", "quotes"),
            (r#"Signature version="1"#, "not closed"),
            (r#"Signature version="1" keyId="k""#, "without a comma"),
            (r#"Signature version="1",version="1""#, "twice"),
            (r#"Signature version="1",created="1""#, "no parameter"),
            (
                r#"Signature version="2",keyId="k",algorithm="rsa-sha256",headers="date",signature="AAAA""#,
                "version",
            ),
            (
                r#"Signature version="1",keyId="k",algorithm="rsa-sha1",headers="date",signature="AAAA""#,
                "algorithm",
            ),
            (
                r#"Signature version="1",keyId="k",algorithm="rsa-sha256",headers="",signature="AAAA""#,
                "list of names",
            ),
            (
                r#"Signature version="1",keyId="k",algorithm="rsa-sha256",headers="date",signature="A!""#,
                "base64",
            ),
            (
                r#"Signature version="1",keyId="k",algorithm="rsa-sha256",headers="date""#,
                "signature is missing",
            ),
        ] {
            let why = Authorization::parse(text).unwrap_err();
            assert!(why.contains(reason), "{text}: {why}");
        }
    }
}

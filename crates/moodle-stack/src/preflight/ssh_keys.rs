//! Keys that may log in to the servers: whether those take them. No service is asked.
//!
//! That a key is one, and of a kind that Oracle Linux 9 knows, was seen when the file was read. Here is what only its numbers say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::codes::Code;
use crate::config::Config;
use crate::report::{Check, Finding};

/// The shortest RSA key that the OpenSSH of Oracle Linux 9 takes, in bits (its default cryptographic policy).
const RSA_BITS_MIN: usize = 2048;

/// Looks at each key of the file.
pub(super) fn judge(config: &Config) -> Vec<Finding> {
    config.servers.ssh_authorized_keys.iter().enumerate().map(|(at, key)| judge_one(at, key)).collect()
}

fn judge_one(at: usize, text: &str) -> Finding {
    let mut words = text.split_ascii_whitespace();
    let (kind, body) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let name =
        words.next().map_or_else(|| format!("key {}", at + 1), |name| format!("key {} ({name})", at + 1));
    let needed = format!("{RSA_BITS_MIN} bits or more, if it is RSA");
    let finding = |found: String| {
        Finding::ok(Check::SshKeys, name.clone(), needed.clone(), found).key("servers.ssh_authorized_keys")
    };
    let bits = STANDARD.decode(body).ok().and_then(|bytes| rsa_bits(&bytes));
    match (kind, bits) {
        ("ssh-rsa", Some(bits)) if bits >= RSA_BITS_MIN => finding(format!("{bits} bits")),
        ("ssh-rsa", Some(bits)) => finding(format!("{bits} bits"))
            .fault(Code::SshKeyWeak)
            .advice("make a new one: `ssh-keygen -t ed25519`"),
        ("ssh-rsa", None) => finding("not readable: is it cut short?".to_owned())
            .fault(Code::SshKeyWeak)
            .advice("copy the whole line of the file that ends in `.pub`"),
        _ => finding(kind.to_owned()),
    }
}

/// The bits of an RSA key's modulus; `None` when it is not whole. The parts are three, each with its length in front: the kind, the
/// exponent, the modulus (RFC 4253, section 6.6).
fn rsa_bits(mut bytes: &[u8]) -> Option<usize> {
    let mut next = || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        bytes = rest;
        Some(part)
    };
    let (_kind, _exponent, modulus) = (next()?, next()?, next()?);
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    let significant = modulus.get(zeros..)?;
    Some(significant.len() * 8 - significant.first()?.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    fn key(bits: usize) -> String {
        let mut bytes = Vec::new();
        let mut modulus = vec![0xFF; bits / 8];
        modulus.insert(0, 0);
        for part in [&b"ssh-rsa"[..], &[1, 0, 1], &modulus] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(part);
        }
        format!("ssh-rsa {} me@here", STANDARD.encode(bytes))
    }

    #[test]
    fn short_rsa_keys_are_refused_and_others_are_not() {
        assert_eq!(judge_one(0, &key(1024)).level, Level::Fault);
        assert_eq!(judge_one(0, &key(2048)).level, Level::Ok);
        assert_eq!(judge_one(0, &key(4096)).found, "4096 bits");
        let whole = key(2048);
        let cut = format!("{} me", &whole[..whole.len() / 2 / 4 * 4]);
        assert_eq!(judge_one(0, &cut).level, Level::Fault);
        assert_eq!(judge_one(0, "ssh-ed25519 AAAA me").level, Level::Ok);
    }
}

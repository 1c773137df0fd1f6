//! What a text in `moodle.toml` must look like: one function for each `format` of the schema.
//!
//! A reason completes the sentence "`…` is wrong: …".

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::Ipv4Net;
use oci_client::ocid;
use oci_client::region::Regions;

use crate::server::versions::Version;

/// Why a text is wrong, and what would be right where that can be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) why: String,
    pub(super) hint: Option<String>,
}

type Check = fn(&str) -> Result<(), Unfit>;

/// All formats by name.
const FORMATS: &[(&str, Check)] = &[
    ("cidr", cidr),
    ("database-name", |text| database_name(text, 64)),
    ("database-user", |text| database_name(text, 32)),
    ("email", email),
    ("env-name", env_name),
    ("host-name", host_name),
    ("language", language),
    ("line", line),
    ("https", https),
    ("ocid-compartment", ocid::<ocid::Compartment>),
    ("ocid-image", ocid::<ocid::Image>),
    ("ocid-internet-gateway", ocid::<ocid::InternetGateway>),
    ("ocid-nat-gateway", ocid::<ocid::NatGateway>),
    ("ocid-public-ip", ocid::<ocid::PublicIp>),
    ("ocid-service-gateway", ocid::<ocid::ServiceGateway>),
    ("ocid-subnet", ocid::<ocid::Subnet>),
    ("ocid-vcn", ocid::<ocid::Vcn>),
    ("region", region),
    ("sha256", sha256),
    ("shape", shape),
    ("ssh-key", ssh_key),
    ("stack-name", stack_name),
    ("url-path", url_path),
    ("version", version),
    ("weekly", weekly),
];

/// The check of a format of ours; `None` for the formats that only say how large a number is.
pub(super) fn named(format: &str) -> Option<Check> {
    FORMATS.iter().find(|(name, _)| *name == format).map(|(_, check)| *check)
}

fn no(why: impl Into<String>) -> Result<(), Unfit> {
    Err(Unfit { why: why.into(), hint: None })
}

fn no_but(why: impl Into<String>, hint: impl Into<String>) -> Result<(), Unfit> {
    Err(Unfit { why: why.into(), hint: Some(hint.into()) })
}

fn cidr(text: &str) -> Result<(), Unfit> {
    let wanted = "an IPv4 range looks like `10.0.1.0/24`";
    let Ok(range) = text.parse::<Ipv4Net>() else {
        let hint = text.parse::<Ipv4Addr>().map(|_| format!("`{text}/32` is this one address"));
        return Err(Unfit { why: wanted.to_owned(), hint: hint.ok() });
    };
    let whole = range.trunc();
    if whole == range {
        return Ok(());
    }
    no_but(format!("its address has bits beyond /{}", range.prefix_len()), format!("did you mean `{whole}`?"))
}

fn email(text: &str) -> Result<(), Unfit> {
    let Some((name, host)) = text.rsplit_once('@') else { return no("a mail address has an `@`") };
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && c != '@');
    if plain(name) && plain(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') {
        Ok(())
    } else {
        no("a mail address looks like `it@example.org`")
    }
}

/// The name is not repeated: somebody may have written the secret itself there.
fn env_name(text: &str) -> Result<(), Unfit> {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(())
    } else {
        no("the name of a variable is made of letters, digits and underscores, and no digit first")
    }
}

/// A name of the DNS with at least one dot, as RFC 1123 has it.
fn host_name(text: &str) -> Result<(), Unfit> {
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        return no_but(
            "it is an address of the web, and a host name is wanted",
            format!("did you mean `{host}`?"),
        );
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return no_but("it is an IP address", "leave it out, and the site is at its public address");
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > 253 || !text.contains('.') || !text.split('.').all(label) {
        return no("a host name looks like `moodle.example.org`");
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        // Moodle compares it with the browser's Host, which is in small letters, and sends visitors round in circles.
        return no_but("it has capital letters", format!("did you mean `{}`?", text.to_ascii_lowercase()));
    }
    Ok(())
}

fn language(text: &str) -> Result<(), Unfit> {
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or_default();
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(plain)
    {
        Ok(())
    } else {
        no("a language looks like `en`, `de` or `pt_br`")
    }
}

fn line(text: &str) -> Result<(), Unfit> {
    match text {
        _ if text.trim().is_empty() => no("it is empty"),
        _ if text.chars().any(char::is_control) => no("it has a line break or another control character"),
        _ if text.chars().count() > 255 => no("it has more than 255 characters"),
        _ => Ok(()),
    }
}

fn ocid<K: ocid::Kind>(text: &str) -> Result<(), Unfit> {
    ocid::Id::<K>::parse(text).map(drop).or_else(|error| no(error.to_string()))
}

/// MySQL takes nearly any name; these need no quotes anywhere.
fn database_name(text: &str, length_max: usize) -> Result<(), Unfit> {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let legal = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if first && legal && text.len() <= length_max {
        Ok(())
    } else {
        no(format!("it must be 1 to {length_max} letters, digits and underscores, a letter first"))
    }
}

fn https(text: &str) -> Result<(), Unfit> {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '<' | '>' | '`');
    if !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(legal) {
        Ok(())
    } else {
        no("an address of the web is wanted that begins with `https://`")
    }
}

fn url_path(text: &str) -> Result<(), Unfit> {
    let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '<' | '>' | '`' | '#');
    if text.starts_with('/') && text.chars().all(legal) {
        Ok(())
    } else {
        no("a path looks like `/` or `/login/index.php`")
    }
}

/// A day of the week and a time, as the MySQL service writes a maintenance window.
fn weekly(text: &str) -> Result<(), Unfit> {
    let number =
        |digits: &str, max: u8| digits.len() == 2 && digits.parse::<u8>().is_ok_and(|number| number <= max);
    let is_time = |time: &str| {
        time.split_once(':').is_some_and(|(hour, minute)| number(hour, 23) && number(minute, 59))
    };
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let Some((day, time)) = text.split_once(' ') else {
        return no("a day and a time look like `sun 03:00`");
    };
    if days.contains(&day) && is_time(time) {
        return Ok(());
    }
    let short: String = day.chars().take(3).collect::<String>().to_ascii_lowercase();
    let padded = if time.len() == 4 { format!("0{time}") } else { time.to_owned() };
    if days.contains(&short.as_str()) && is_time(&padded) {
        return no_but("a day and a time look like `sun 03:00`", format!("did you mean `{short} {padded}`?"));
    }
    no("a day and a time look like `sun 03:00`")
}

static REGIONS: LazyLock<Regions> = LazyLock::new(Regions::built_in);

/// Oracle adds regions; the user describes those that we do not know, and the client finds the description. What is written here
/// must look like one, and a slip of the pen for a known one is caught.
fn region(text: &str) -> Result<(), Unfit> {
    if REGIONS.resolve(text).is_known() {
        return Ok(());
    }
    let names: Vec<String> = REGIONS.iter().map(|region| region.name().to_owned()).collect();
    if let Some(near) = reconcile::graph::suggest(text, names.iter().map(String::as_str)) {
        return no_but("no region has this name", format!("did you mean `{near}`?"));
    }
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let (names, number) = parts.split_at(parts.len() - 1);
    if names.len() >= 2 && names.iter().all(|part| letters(part)) && number[0].parse::<u8>().is_ok() {
        Ok(())
    } else {
        no("a region looks like `eu-frankfurt-1`")
    }
}

fn sha256(text: &str) -> Result<(), Unfit> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(())
    } else {
        no(format!(
            "a SHA-256 sum has 64 hexadecimal digits, and this has {} characters",
            text.chars().count()
        ))
    }
}

fn shape(text: &str) -> Result<(), Unfit> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.contains('.') && text.chars().all(legal) {
        Ok(())
    } else {
        no("a shape looks like `VM.Standard.A1.Flex` or `MySQL.4`")
    }
}

/// The kinds of key that the OpenSSH of Oracle Linux 9 takes.
const KEY_KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The words that begin a private key in any of its files.
pub(super) fn is_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY") || text.starts_with("PuTTY-User-Key-File")
}

fn ssh_key(text: &str) -> Result<(), Unfit> {
    let mut words = text.split_ascii_whitespace();
    let (Some(kind), Some(body)) = (words.next(), words.next()) else {
        return no(
            "a public key looks like `ssh-ed25519 AAAA… name`: the one line of a file that ends in `.pub`",
        );
    };
    if text.contains(['\n', '\r']) {
        return no("it has more than one line; each key is an entry of its own");
    }
    if !KEY_KINDS.contains(&kind) {
        return no(format!("`{kind}` is no kind of key that the servers take"));
    }
    let Ok(bytes) = STANDARD.decode(body) else {
        return no("its second word is no base64: is it cut short?");
    };
    // The body repeats the kind: four bytes of length, then the name. Both must agree, and a key follows.
    let inner = bytes.get(..4).map(|length| u32::from_be_bytes([length[0], length[1], length[2], length[3]]));
    let name = inner.and_then(|length| bytes.get(4..4 + length as usize));
    if name != Some(kind.as_bytes()) || bytes.len() < 4 + kind.len() + 32 {
        return no(format!("what follows is no key of the kind `{kind}`: is it cut short?"));
    }
    Ok(())
}

/// The name becomes the DNS label of the VCN, and part of the names of everything.
fn stack_name(text: &str) -> Result<(), Unfit> {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let legal = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if first && legal && text.len() <= 12 {
        return Ok(());
    }
    let why = "it must be 1 to 12 small letters and digits, a letter first, because it becomes a DNS label";
    let better: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let better: String = better.trim_start_matches(|c: char| c.is_ascii_digit()).chars().take(12).collect();
    if better.is_empty() { no(why) } else { no_but(why, format!("for example `{better}`")) }
}

fn version(text: &str) -> Result<(), Unfit> {
    if Version::parse(text).is_some() {
        Ok(())
    } else {
        no("a version is one to three numbers with dots between: `8.4` or `5.3.1`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_what_is_right_and_refuses_what_is_wrong() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me";
        let image = "ocid1.image.oc1.eu-frankfurt-1.aaaa";
        let sum = "a".repeat(64);
        let long_name = "a".repeat(65);
        let long = format!("{}.org", "a".repeat(64));
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "cidr",
                &["10.0.0.0/16", "0.0.0.0/0"],
                &["10.0.0.0", "10.0.0.1/16", "10.0.0.0/33", "fd00::/8", ""],
            ),
            (
                "email",
                &["it@example.org", "a.b+c@d.e"],
                &["it", "it@", "@b.c", "a b@c.d", "a@b", "a@b.", "a@@b.c"],
            ),
            (
                "host-name",
                &["a.b", "x-1.example.org"],
                &["a", "A.b", "a..b", "-a.b", "http://a.b", "10.0.0.1", &long],
            ),
            ("database-name", &["site", "Moodle_1"], &["", "1a", "a-b", &long_name, "ä"]),
            ("database-user", &["site"], &["", "a b", &sum[..33]]),
            ("env-name", &["SITE_PASSWORD", "_x1"], &["", "1a", "a b", "a-b", "$X"]),
            ("https", &["https://a.b/c"], &["http://a.b", "https://", "https:///x", "https://a b"]),
            ("ocid-internet-gateway", &["ocid1.internetgateway.oc1.fra.a"], &[image]),
            ("ocid-nat-gateway", &["ocid1.natgateway.oc1.fra.a"], &[image]),
            ("ocid-public-ip", &["ocid1.publicip.oc1.fra.a"], &[image]),
            ("ocid-service-gateway", &["ocid1.servicegateway.oc1.fra.a"], &[image]),
            ("ocid-subnet", &["ocid1.subnet.oc1.fra.a"], &[image, "10.0.0.0/24"]),
            ("ocid-vcn", &["ocid1.vcn.oc1.fra.a"], &[image]),
            ("url-path", &["/", "/login/index.php?x=1"], &["", "login", "/a b", "/a#b"]),
            (
                "weekly",
                &["sun 03:00", "mon 23:59"],
                &["", "sun", "Sunday 3:00", "sun 24:00", "sun 3", "xxx 03:00"],
            ),
            ("language", &["en", "de", "pt_br", "en-GB"], &["", "e", "EN", "german", "en_"]),
            ("line", &["Example School"], &["", "  ", "a\nb"]),
            ("ocid-compartment", &["ocid1.compartment.oc1..a", "ocid1.tenancy.oc1..a"], &["x", image]),
            ("ocid-image", &[image], &["Oracle Linux", "ocid1.vcn.oc1.a.b"]),
            (
                "region",
                &["eu-frankfurt-1", "fra", "zz-newplace-1"],
                &["eu-frankfort-1", "Frankfurt", "", "-1"],
            ),
            ("sha256", &[&sum], &["", "abc", &sum[1..]]),
            ("shape", &["MySQL.4", "VM.Standard.A1.Flex"], &["", "A1", "VM Standard.A1"]),
            (
                "ssh-key",
                &[key],
                &["", "ssh-ed25519", "ssh-ed25519 AAAA", &key[..60], "ssh-dss AAAA", "a\nb c"],
            ),
            ("stack-name", &["moodle", "a1"], &["", "Campus", "1a", "a-b", "averylongname1"]),
            ("version", &["8.4", "5.3.1"], &["", "latest", "8.4.1.2"]),
        ];
        assert_eq!(cases.len(), FORMATS.len(), "every format is tried");
        for (format, right, wrong) in cases {
            let check = named(format).unwrap();
            right.iter().for_each(|text| assert_eq!(check(text), Ok(()), "{format}: {text:?}"));
            wrong.iter().for_each(|text| assert!(check(text).is_err(), "{format}: {text:?}"));
        }
    }

    #[test]
    fn a_slip_of_the_pen_comes_with_what_was_meant() {
        let hint =
            |format: &str, text: &str| named(format).unwrap()(text).unwrap_err().hint.unwrap_or_default();
        assert_eq!(hint("cidr", "10.0.1.7/24"), "did you mean `10.0.1.0/24`?");
        assert_eq!(hint("host-name", "https://moodle.example.org/x"), "did you mean `moodle.example.org`?");
        assert_eq!(hint("region", "eu-frankfort-1"), "did you mean `eu-frankfurt-1`?");
        assert_eq!(hint("weekly", "Sunday 3:00"), "did you mean `sun 03:00`?");
        assert_eq!(hint("stack-name", "My Campus 2026"), "for example `mycampus2026`");
    }
}

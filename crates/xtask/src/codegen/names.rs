//! From names of Oracle's API to names of Rust.

use std::collections::BTreeSet;

/// Words that Rust keeps for itself, in the 2024 edition.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// `cidrBlock` → `cidr_block`, `memoryInGBs` → `memory_in_gbs`, `if-match` → `if_match`; a keyword gets `r#`,
/// or a `_` where that is not allowed.
pub(super) fn field(name: &str) -> String {
    let snake = words(name).join("_").to_ascii_lowercase();
    match snake.as_str() {
        "self" | "super" | "crate" => format!("{snake}_"),
        keyword if KEYWORDS.contains(&keyword) => format!("r#{snake}"),
        _ if snake.starts_with(|first: char| first.is_ascii_digit()) => format!("_{snake}"),
        _ => snake,
    }
}

/// `CreateVcn` → `create_vcn`, as Oracle's SDKs call the operation.
pub(super) fn operation(name: &str) -> String {
    words(name).join("_").to_ascii_lowercase()
}

/// `READ_ONLY` → `ReadOnly`, `bootVolume` → `BootVolume`, `SHA2_384` → `Sha2_384`.
pub(super) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in words(name) {
        let (first, rest) = word.split_at(1);
        // Two numbers side by side would read as one.
        if pascal.ends_with(|last: char| last.is_ascii_digit())
            && first.starts_with(|first: char| first.is_ascii_digit())
        {
            pascal.push('_');
        }
        pascal.push_str(&first.to_ascii_uppercase());
        pascal.push_str(&rest.to_ascii_lowercase());
    }
    pascal
}

/// The name of an enum's variant for the word `word`, unlike those in `taken`.
pub(super) fn variant(word: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = match word {
        "+" => "Plus".to_owned(),
        "-" => "Minus".to_owned(),
        _ => pascal(word),
    };
    if name.is_empty() {
        "Empty".clone_into(&mut name);
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, 'V');
    }
    if matches!(name.as_str(), "Self" | "Other") {
        name.push_str("Value");
    }
    unlike(&name, taken)
}

/// `name`, or with a number behind it where that is taken.
pub(super) fn unlike(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}{number}");
        number += 1;
    }
    candidate
}

/// The words of a name: split at anything that is no letter or digit, and where the case changes.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, &letter) in letters.iter().enumerate() {
            if index > 0 && starts_word(&letters, index) {
                words.push(std::mem::take(&mut word));
            }
            word.push(letter);
        }
        words.push(word);
    }
    words
}

fn starts_word(letters: &[char], index: usize) -> bool {
    let (before, here) = (letters[index - 1], letters[index]);
    if !here.is_ascii_uppercase() {
        return false;
    }
    if !before.is_ascii_uppercase() {
        return true;
    }
    // Within capitals a word starts at the last one, before small letters: `OCIDList`. An `s` at the end is
    // a plural: `GBs`.
    let after = letters.get(index + 1);
    let plural = after == Some(&'s') && letters.get(index + 2).is_none_or(char::is_ascii_uppercase);
    after.is_some_and(char::is_ascii_lowercase) && !plural
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_snake_case() {
        for (name, expected) in [
            ("cidrBlock", "cidr_block"),
            ("isIpv6Enabled", "is_ipv6_enabled"),
            ("memoryInGBs", "memory_in_gbs"),
            ("vpusPerGB", "vpus_per_gb"),
            ("gBs", "g_bs"),
            ("OCIDList", "ocid_list"),
            ("canUseOAuth2ClientCredentials", "can_use_o_auth2_client_credentials"),
            ("Content-MD5", "content_md5"),
            ("opc-sse-customer-key-sha256", "opc_sse_customer_key_sha256"),
            ("type", "r#type"),
            ("self", "self_"),
            ("gen", "r#gen"),
            ("2fa", "_2fa"),
        ] {
            assert_eq!(field(name), expected);
        }
    }

    #[test]
    fn variants_are_distinct_and_never_clash_with_rust_or_with_the_rest() {
        let mut taken = BTreeSet::new();
        for (word, expected) in [
            ("READ_ONLY", "ReadOnly"),
            ("READ-ONLY", "ReadOnly2"),
            ("readOnly", "ReadOnly3"),
            ("SHA2_384", "Sha2_384"),
            ("10G", "V10G"),
            ("OTHER", "OtherValue"),
            ("self", "SelfValue"),
            ("", "Empty"),
            ("+", "Plus"),
            ("bootVolume", "BootVolume"),
        ] {
            assert_eq!(variant(word, &mut taken), expected, "{word}");
        }
    }
}

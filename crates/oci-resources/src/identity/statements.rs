//! The language of policies and matching rules, as far as a difference has to be told from a spelling; and the names of both.

use reconcile::provider::Invalid;
use reconcile::value::{AttributePath, Value, ValueMap};

/// Whether two texts of the language differ in nothing but white space that has no meaning.
///
/// Which words may be written in capitals, and which not, is not documented word by word: another case is a difference.
///
/// # Source
/// "Policy Syntax" in the documentation of IAM: spare spaces or line breaks in a statement have no effect.
pub(super) fn is_same_text(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str(), observed.as_str()) {
        (Some(desired), Some(observed)) => tokens(desired) == tokens(observed),
        _ => false,
    }
}

/// Words, quoted texts, patterns (`/HR*/`) and single signs. White space inside a quoted text or a pattern belongs to it.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens: Vec<&str> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after_first = &rest[first.len_utf8()..];
        let length = match first {
            '\'' | '"' => closed(after_first, first),
            '/' if tokens.last() == Some(&"=") => closed(after_first, first),
            _ if is_sign(first) => 0,
            _ => after_first
                .find(|c: char| c.is_whitespace() || is_sign(c) || c == '\'' || c == '"')
                .unwrap_or(after_first.len()),
        };
        let (token, after) = rest.split_at(first.len_utf8() + length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// How many bytes there are up to and with the closing `sign`; all if it is not closed.
fn closed(text: &str, sign: char) -> usize {
    text.find(sign).map_or(text.len(), |at| at + sign.len_utf8())
}

fn is_sign(c: char) -> bool {
    matches!(c, '{' | '}' | '(' | ')' | ',' | '=' | '!')
}

/// A name of a policy or dynamic group.
///
/// # Source
/// The console's help on both, in the documentation of IAM: no spaces; letters, numerals, hyphens, periods and underscores.
pub(super) fn check_name(inputs: &ValueMap, problems: &mut Vec<Invalid>) {
    let Some(name) = inputs.get("name").and_then(Value::as_str) else { return };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&c);
    if !name.chars().all(is_allowed) {
        problems.push(Invalid {
            path: AttributePath::attribute("name"),
            message: format!(
                "`{name}` is not made of letters, digits, hyphens, periods and underscores only"
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_between_words_and_signs_means_nothing_and_inside_a_text_it_does() {
        let check = |a: &str, b: &str, expected: bool| {
            assert_eq!(is_same_text(&a.into(), &b.into()), expected, "{a} | {b}");
        };
        check("Any {instance.id = 'a', instance.id = 'b'}", "Any{instance.id='a',\n instance.id='b' }", true);
        check("allow group A to use x", " allow  group A\tto use x\n", true);
        check("allow group A to use x", "allow groupA to use x", false);
        check("a = 'x y'", "a='x  y'", false);
        check("a = /x y*/", "a=/x  y*/", false);
        check("a = /HR*/", "a = '/HR*/'", false);
        check("a != 'b'", "a!='b'", true);
        check("a != 'b'", "a = 'b'", false);
        check("instance.id = 'a'", "instance.id = 'A'", false);
        check("an 'unclosed text", "an 'unclosed  text", false);
        check(
            "allow dynamic-group 'Default'/'x' to read y",
            "allow dynamic-group 'Default' / 'x' to read y",
            true,
        );
        check("grüße = 'ä'", "grüße  =  'ä'", true);
    }
}

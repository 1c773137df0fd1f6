//! How a text is written so that a program reads back exactly that text: one function for each kind of file.
//!
//! None of them can write a control character safely everywhere, so the description may not contain any
//! ([`super::RenderError::Unfit`]).

/// A PHP string between single quotes, where only `\` and `'` mean anything.
pub(super) fn php(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// One word of a shell command.
pub(super) fn sh(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// One argument of an Apache directive. `${NAME}` stays as it is unless the server defines that name.
pub(super) fn apache(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A path in a systemd unit, where `%` begins a specifier.
pub(super) fn unit(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

/// One field of `/etc/fstab`: blanks and backslashes as octal numbers, and nothing else, because systemd reads no other
/// numbers. (`#` begins a comment only where a line begins.)
pub(super) fn fstab(text: &str) -> String {
    text.replace('\\', "\\134").replace(' ', "\\040")
}

/// JSON text that a reader of YAML reads alike: what YAML does not print is escaped, and so is everything beyond ASCII
/// that a JSON escape can name alone.
pub(super) fn json_for_yaml(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match u32::from(c) {
            // A pair of escapes would be read as two characters; YAML reads these as they are.
            0x1_0000.. => out.push(c),
            code @ 0x7f.. => out.push_str(&format!("\\u{code:04x}")),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quoting_escapes_what_means_something_there() {
        let text = r#"a'b"c\d$e%f g"#;
        assert_eq!(php(text), r#"'a\'b"c\\d$e%f g'"#);
        assert_eq!(sh(text), r#"'a'\''b"c\d$e%f g'"#);
        assert_eq!(apache(text), r#""a'b\"c\\d$e%f g""#);
        assert_eq!(unit(text), r#""a'b\"c\\d$e%%f g""#);
        assert_eq!(fstab(text), r#"a'b"c\134d$e%f\040g"#);
    }

    #[test]
    fn json_stays_json_and_becomes_yaml() {
        let value = serde_json::json!({"é\u{7f}\u{2028}": "🦀 \n\""});
        let text = json_for_yaml(&value.to_string());
        assert_eq!(text, "{\"\\u00e9\\u007f\\u2028\":\"🦀 \\n\\\"\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}

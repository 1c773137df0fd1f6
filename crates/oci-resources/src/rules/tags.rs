//! What may be written on a resource.

use reconcile::value::Value;

use super::check::Check;
use crate::tags;

/// So many free-form tags may be on one resource.
///
/// # Source
/// "Tags and Tag Namespace Concepts" in Oracle's documentation; as for the lengths.
const FREEFORM_MAX: usize = 10;
const KEY_CHARS_MAX: usize = 100;
const VALUE_CHARS_MAX: usize = 256;

/// The tags of a resource; `ours` is how many the stack writes on it besides.
pub(crate) fn check(check: &mut Check<'_>, ours: usize) {
    let keys: Vec<&str> = check.entries("freeform_tags").map(|(key, _)| key).collect();
    if keys.len() + ours > FREEFORM_MAX {
        let most = FREEFORM_MAX - ours;
        let message = format!(
            "has {} tags; a resource has at most {FREEFORM_MAX}, {ours} of them ours: {most} are left",
            keys.len()
        );
        check.refuse("freeform_tags", message);
    }
    let is_twice = |key: &str| keys.iter().filter(|other| other.eq_ignore_ascii_case(key)).count() > 1;
    check.each_entry("freeform_tags", |key, value| {
        let fits = |c: char| c.is_ascii_graphic() && c != '.';
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || !key.chars().all(fits) {
            return Err(format!("a key has 1 to {KEY_CHARS_MAX} characters, and neither periods nor spaces"));
        }
        if ours > 0 && tags::is_ours(key) {
            return Err("is a tag of the stack itself".to_owned());
        }
        if is_twice(key) {
            return Err("is there in another case too, which the service does not tell apart".to_owned());
        }
        length(value)
    });
    check.each_entry("defined_tags", |key, value| {
        match key.split_once('.') {
            Some((space, _)) if tags::is_services_own(space) => {
                return Err("is filled by the service itself".to_owned());
            }
            Some((space, key)) if !space.is_empty() && !key.is_empty() => {}
            _ => return Err("a defined tag is named `Namespace.Key`".to_owned()),
        }
        length(value)
    });
    check.each_entry("security_attributes", |key, _| {
        let parts: Vec<&str> = key.split('.').collect();
        match parts.as_slice() {
            [space, attribute, "value" | "mode"] if !space.is_empty() && !attribute.is_empty() => Ok(()),
            _ => Err("is neither `Namespace.Attribute.value` nor `Namespace.Attribute.mode`".to_owned()),
        }
    });
}

fn length(value: &Value) -> Result<(), String> {
    let length = value.as_str().map_or(0, |text| text.chars().count());
    if length <= VALUE_CHARS_MAX {
        return Ok(());
    }
    Err(format!("has {length} characters; at most {VALUE_CHARS_MAX} are allowed"))
}

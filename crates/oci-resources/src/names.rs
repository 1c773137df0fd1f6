//! Terraform's names and Oracle's: `size_in_gbs` and `sizeInGBs`, `is_ipv6enabled` and `isIpv6Enabled`.
//!
//! Oracle's Terraform provider splits names at capitals, and not always in the same way. Without underscores and capitals
//! both spellings are the same, so that is what is compared. The few real renames stand in a table of each module.

/// Terraform's name and Oracle's, where they differ by more than spelling. A name that holds for an object inside another one
/// is written with its path: `create_vnic_details.nsg_ids`.
pub type Renames = &'static [(&'static str, &'static str)];

/// Renames that hold for every type.
const EVERYWHERE: Renames = &[("state", "lifecycleState")];

/// Whether Terraform's `attribute` (at `path`, itself included) is Oracle's `field`.
pub(crate) fn same(renames: Renames, path: &str, attribute: &str, field: &str) -> bool {
    match wire_name(renames, path) {
        Some(name) => name == field,
        None => squashed(attribute).eq(squashed(field)),
    }
}

/// Oracle's name, where a table has it.
fn wire_name(renames: Renames, path: &str) -> Option<&'static str> {
    renames.iter().chain(EVERYWHERE).find(|(name, _)| *name == path).map(|(_, field)| *field)
}

fn squashed(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
}

/// The path of `name` inside the object at `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_the_same_and_renames_come_from_a_table() {
        const RENAMES: Renames = &[("data_storage_size_in_gb", "dataStorageSizeInGBs")];
        let check = |attribute: &str, field: &str, expected: bool| {
            assert_eq!(same(RENAMES, attribute, attribute, field), expected, "{attribute} {field}");
        };
        check("is_ipv6enabled", "isIpv6Enabled", true);
        check("size_in_gbs", "sizeInGBs", true);
        check("vpus_per_gb", "vpusPerGB", true);
        check("state", "lifecycleState", true);
        check("state", "state", false);
        check("data_storage_size_in_gb", "dataStorageSizeInGBs", true);
        check("display_name", "displayNames", false);
    }
}

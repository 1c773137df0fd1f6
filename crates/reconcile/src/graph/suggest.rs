//! "Did you mean …?"

/// The candidate nearest to `wanted`, if one is near: at most a third of its letters differ.
pub fn suggest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(wanted.len()) <= 4 * limit)
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, replaced, or swapped with their neighbour (the optimal string alignment
/// distance): swapping two is the most common slip of all.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut older = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut new = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let change = old[j] + usize::from(a[i] != b[j]);
            new[j + 1] = change.min(old[j + 1] + 1).min(new[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                new[j + 1] = new[j + 1].min(older[j - 1] + 1);
            }
        }
        older = std::mem::replace(&mut old, new);
    }
    old[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let names = ["oci_core_vcn.main", "oci_core_subnet.main", "oci_core_subnet.web"];
        assert_eq!(suggest("oci_core_subnet.wbe", names), Some("oci_core_subnet.web"));
        assert_eq!(suggest("oci_core_vnc.main", names), Some("oci_core_vcn.main"));
        assert_eq!(suggest("oci_mysql_db.main", names), None);
    }

    #[test]
    fn two_swapped_letters_are_one_slip() {
        assert_eq!(distance("count", "cuont"), 1);
        assert_eq!(distance("count", "count"), 0);
        assert_eq!(distance("ab", "bca"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(suggest("cuont", ["shape", "count"]), Some("count"));
    }
}

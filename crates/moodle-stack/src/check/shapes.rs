//! What shapes can have.
//!
//! The limits of Compute's flexible shapes come from what the service has answered in other projects' logs; what is not in the table is
//! not judged here, but by `preflight`, which asks the service.

/// A processor architecture, as images are named after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// Arm, 64 bits: Ampere.
    Aarch64,
    /// Intel and AMD.
    X86,
}

impl Processor {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "an Arm processor",
            Self::X86 => "an Intel or AMD processor",
        }
    }
}

/// What a flexible shape of Compute can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flexible {
    pub(super) name: &'static str,
    pub(super) ocpus_max: f64,
    pub(super) memory_max: f64,
}

/// Gigabytes for each OCPU, of every flexible shape in the table.
pub(super) const MEMORY_PER_OCPU: (f64, f64) = (1.0, 64.0);

const FLEXIBLE: [Flexible; 5] = [
    Flexible { name: "VM.Standard.A1.Flex", ocpus_max: 80.0, memory_max: 512.0 },
    Flexible { name: "VM.Standard.A2.Flex", ocpus_max: 78.0, memory_max: 946.0 },
    Flexible { name: "VM.Standard.E4.Flex", ocpus_max: 114.0, memory_max: 1760.0 },
    Flexible { name: "VM.Standard.E5.Flex", ocpus_max: 126.0, memory_max: 1454.0 },
    Flexible { name: "VM.Standard3.Flex", ocpus_max: 32.0, memory_max: 512.0 },
];

pub(super) fn flexible(name: &str) -> Option<&'static Flexible> {
    FLEXIBLE.iter().find(|shape| shape.name == name)
}

pub(super) fn flexible_names() -> impl Iterator<Item = &'static str> {
    FLEXIBLE.iter().map(|shape| shape.name)
}

/// Ampere's shapes have a family that begins with `A`: `VM.Standard.A1.Flex`, `BM.Standard.A1.160`.
pub(super) fn processor(shape: &str) -> Processor {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_arm = shape.split('.').any(|part| part.strip_prefix('A').is_some_and(digits));
    if is_arm { Processor::Aarch64 } else { Processor::X86 }
}

/// How much processor a DB system's shape has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cores {
    /// The free one.
    Free,
    /// ECPUs: `MySQL.8` has eight.
    Ecpu(u32),
    /// OCPUs, the older generation: `MySQL.VM.Standard.E3.4.64GB` has four.
    Ocpu(u32),
}

/// The processor of a DB system's shape; `None` for a name that is none of Oracle's.
pub(super) fn database(shape: &str) -> Option<Cores> {
    let parts: Vec<&str> = shape.split('.').collect();
    match parts[..] {
        ["MySQL", "Free"] => Some(Cores::Free),
        ["MySQL", ecpus] => ecpus.parse().ok().map(Cores::Ecpu),
        // It has 16 OCPUs and 512 GB; its name does not say so.
        ["MySQL", "HeatWave", "VM", "Standard", _] => Some(Cores::Ocpu(16)),
        ["MySQL", "VM", "Standard", _, ocpus, _] => ocpus.parse().ok().map(Cores::Ocpu),
        _ => None,
    }
}

impl Cores {
    /// Whether a DB system of this shape can have read replicas: 4 OCPUs, 8 ECPUs or more, and not the free one.
    pub(super) const fn carries_replicas(self) -> bool {
        match self {
            Self::Free => false,
            Self::Ecpu(count) => count >= 8,
            Self::Ocpu(count) => count >= 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_shape_says_its_processor() {
        for arm in ["VM.Standard.A1.Flex", "VM.Standard.A2.Flex", "BM.Standard.A1.160"] {
            assert_eq!(processor(arm), Processor::Aarch64, "{arm}");
        }
        for other in ["VM.Standard.E5.Flex", "VM.Standard3.Flex", "VM.Standard.A", "VM.Standard.AX.Flex"] {
            assert_eq!(processor(other), Processor::X86, "{other}");
        }
    }

    #[test]
    fn replicas_need_four_ocpus_or_eight_ecpus() {
        let carries = |shape: &str| database(shape).map(Cores::carries_replicas);
        assert_eq!(carries("MySQL.4"), Some(false));
        assert_eq!(carries("MySQL.8"), Some(true));
        assert_eq!(carries("MySQL.Free"), Some(false));
        assert_eq!(carries("MySQL.VM.Standard.E3.2.32GB"), Some(false));
        assert_eq!(carries("MySQL.VM.Standard.E3.4.64GB"), Some(true));
        assert_eq!(carries("MySQL.HeatWave.VM.Standard.E3"), Some(true));
        assert_eq!(carries("VM.Standard.A1.Flex"), None);
    }
}

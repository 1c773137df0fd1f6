//! What the region offers: shapes, and the platform's images.
//!
//! # Source
//! Oracle's documentation of compute shapes (ranges of OCPUs and memory); image names follow those of the
//! platform images. The dates of the images follow from the age of the cloud: a new one each month.

use serde_json::{Map, Value, json};

/// The kind of processor that a shape has and an image needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Aarch64,
    X86,
}

impl Architecture {
    fn in_image_names(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-",
            Self::X86 => "",
        }
    }
}

/// A shape.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) architecture: Architecture,
    pub(crate) processor: &'static str,
    /// Smallest and largest number of OCPUs; equal in a fixed shape.
    pub(crate) ocpus: (f64, f64),
    /// Smallest and largest memory in gigabytes; equal in a fixed shape.
    pub(crate) memory: (f64, f64),
    /// Smallest, usual and largest memory for each OCPU.
    pub(crate) memory_per_ocpu: (f64, f64, f64),
    /// Virtual CPUs in one OCPU.
    pub(crate) vcpus_per_ocpu: u32,
    /// Gigabits a second for each OCPU, and at most.
    pub(crate) bandwidth: (f64, f64),
    billing: &'static str,
    /// The part of the limit names: `standard-a1` in `standard-a1-core-count`.
    quota: &'static str,
    /// Offered in the first availability domain only.
    pub(crate) first_domain_only: bool,
}

/// All shapes.
pub(crate) const SHAPES: &[Shape] = &[
    flexible(
        "VM.Standard.A1.Flex",
        Architecture::Aarch64,
        "3.0 GHz Ampere® Altra™",
        (80.0, 512.0, 64.0),
        "standard-a1",
        1,
        (6.0, "LIMITED_FREE"),
    ),
    flexible(
        "VM.Standard.A2.Flex",
        Architecture::Aarch64,
        "3.0 GHz AmpereOne®",
        (78.0, 946.0, 64.0),
        "standard-a2",
        2,
        (6.0, "PAID"),
    ),
    flexible(
        "VM.Standard.E4.Flex",
        Architecture::X86,
        "2.55 GHz AMD EPYC™ 7J13 (Milan)",
        (114.0, 1760.0, 64.0),
        "standard-e4",
        2,
        (16.0, "PAID"),
    ),
    flexible(
        "VM.Standard.E5.Flex",
        Architecture::X86,
        "2.4 GHz AMD EPYC™ 9J14 (Genoa)",
        (126.0, 1454.0, 64.0),
        "standard-e5",
        2,
        (12.0, "PAID"),
    ),
    flexible(
        "VM.Standard3.Flex",
        Architecture::X86,
        "2.6 GHz Intel® Xeon® Platinum 8358 (Ice Lake)",
        (32.0, 512.0, 64.0),
        "standard3",
        2,
        (16.0, "PAID"),
    ),
    Shape {
        ocpus: (192.0, 192.0),
        memory: (2304.0, 2304.0),
        memory_per_ocpu: (12.0, 12.0, 12.0),
        bandwidth: (1.0, 100.0),
        ..fixed("BM.Standard.E5.192", "2.4 GHz AMD EPYC™ 9J14 (Genoa)", 2304.0, "standard-e5", "PAID", false)
    },
    fixed(
        "VM.Standard2.1",
        "2.0 GHz Intel® Xeon® Platinum 8167M (Skylake)",
        15.0,
        "standard2",
        "PAID",
        false,
    ),
    fixed(
        "VM.Standard.E2.1.Micro",
        "2.0 GHz AMD EPYC™ 7551 (Naples)",
        1.0,
        "standard-e2-micro",
        "ALWAYS_FREE",
        true,
    ),
];

const fn flexible(
    name: &'static str,
    architecture: Architecture,
    processor: &'static str,
    (ocpus, memory, memory_per_ocpu): (f64, f64, f64),
    quota: &'static str,
    vcpus_per_ocpu: u32,
    (usual_memory, billing): (f64, &'static str),
) -> Shape {
    Shape {
        name,
        architecture,
        processor,
        ocpus: (1.0, ocpus),
        memory: (1.0, memory),
        memory_per_ocpu: (1.0, usual_memory, memory_per_ocpu),
        vcpus_per_ocpu,
        bandwidth: (1.0, 40.0),
        billing,
        quota,
        first_domain_only: false,
    }
}

const fn fixed(
    name: &'static str,
    processor: &'static str,
    memory: f64,
    quota: &'static str,
    billing: &'static str,
    first_domain_only: bool,
) -> Shape {
    Shape {
        name,
        architecture: Architecture::X86,
        processor,
        ocpus: (1.0, 1.0),
        memory: (memory, memory),
        memory_per_ocpu: (memory, memory, memory),
        vcpus_per_ocpu: 2,
        bandwidth: (1.0, 1.0),
        billing,
        quota,
        first_domain_only,
    }
}

/// The shape with this name, if it is offered in this availability domain.
pub(crate) fn shape(name: &str, availability_domain: &str) -> Option<&'static Shape> {
    let shape = SHAPES.iter().find(|shape| shape.name == name)?;
    (!shape.first_domain_only || availability_domain.ends_with("-AD-1")).then_some(shape)
}

impl Shape {
    /// Whether the caller chooses OCPUs and memory.
    pub(crate) fn is_flexible(&self) -> bool {
        self.ocpus.0 < self.ocpus.1
    }

    /// The names of the limits that it counts towards.
    pub(crate) fn quota_names(&self) -> Vec<String> {
        let mut names = vec![format!("{}-core-count", self.quota)];
        if self.is_flexible() {
            names.push(format!("{}-memory-count", self.quota));
        }
        names
    }

    /// As the API shows it.
    pub(crate) fn shown(&self) -> Value {
        let mut shape = json!({
            "shape": self.name,
            "processorDescription": self.processor,
            "ocpus": self.ocpus.0,
            "memoryInGBs": self.memory.0.max(self.memory_per_ocpu.1 * self.ocpus.0),
            "networkingBandwidthInGbps": self.bandwidth.0,
            "maxVnicAttachments": 2,
            "gpus": 0,
            "localDisks": 0,
            "billingType": self.billing,
            "quotaNames": self.quota_names(),
            "isFlexible": self.is_flexible(),
            "isLiveMigrationSupported": true,
            "isSubcore": false,
            "isBilledForStoppedInstance": false,
            "resizeCompatibleShapes": self.resizable_to(),
        });
        if self.is_flexible() {
            let (min, usual, max) = self.memory_per_ocpu;
            shape["ocpuOptions"] = json!({"min": self.ocpus.0, "max": self.ocpus.1});
            shape["memoryOptions"] = json!({
                "minInGBs": self.memory.0, "maxInGBs": self.memory.1, "defaultPerOcpuInGBs": usual,
                "minPerOcpuInGBs": min, "maxPerOcpuInGBs": max,
            });
            shape["networkingBandwidthOptions"] = json!({
                "minInGbps": self.bandwidth.0, "maxInGbps": self.bandwidth.1,
                "defaultPerOcpuInGbps": self.bandwidth.0,
            });
            shape["maxVnicAttachmentOptions"] = json!({"min": 2, "max": 24.0, "defaultPerOcpu": 1.0});
        }
        shape
    }

    /// The shapes that an instance of this one may change to.
    fn resizable_to(&self) -> Vec<&'static str> {
        SHAPES
            .iter()
            .filter(|other| other.architecture == self.architecture)
            .map(|other| other.name)
            .collect()
    }

    /// The configuration of an instance as the API shows it.
    pub(crate) fn config(&self, ocpus: f64, memory: f64) -> Map<String, Value> {
        let bandwidth = (self.bandwidth.0 * ocpus).min(self.bandwidth.1);
        let config = json!({
            "ocpus": ocpus,
            "memoryInGBs": memory,
            "vcpus": vcpus(ocpus, self.vcpus_per_ocpu),
            "processorDescription": self.processor,
            "networkingBandwidthInGbps": bandwidth,
            "maxVnicAttachments": vcpus(ocpus.clamp(2.0, 24.0), 1),
            "gpus": 0,
            "localDisks": 0,
        });
        match config {
            Value::Object(config) => config,
            _ => unreachable!("an object literal"),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "shapes have less than a thousand OCPUs")]
fn vcpus(ocpus: f64, per_ocpu: u32) -> i64 {
    (ocpus * f64::from(per_ocpu)).ceil() as i64
}

/// A line of platform images: one build a month.
struct Series {
    system: &'static str,
    version: &'static str,
    /// The display name with `{arch}` and `{date}`.
    name: &'static str,
    architectures: &'static [Architecture],
}

const BOTH: &[Architecture] = &[Architecture::Aarch64, Architecture::X86];

const SERIES: &[Series] = &[
    Series {
        system: "Oracle Linux",
        version: "8",
        name: "Oracle-Linux-8.10-{arch}{date}-0",
        architectures: BOTH,
    },
    Series {
        system: "Oracle Linux",
        version: "9",
        name: "Oracle-Linux-9.6-{arch}{date}-0",
        architectures: BOTH,
    },
    Series {
        system: "Canonical Ubuntu",
        version: "22.04",
        name: "Canonical-Ubuntu-22.04-{arch}{date}-0",
        architectures: BOTH,
    },
    Series {
        system: "Canonical Ubuntu",
        version: "24.04",
        name: "Canonical-Ubuntu-24.04-{arch}{date}-0",
        architectures: BOTH,
    },
];

/// Builds of each line that are still offered.
const BUILDS: i64 = 3;

/// One platform image.
pub(crate) struct PlatformImage {
    pub(crate) body: Map<String, Value>,
    pub(crate) architecture: Architecture,
}

/// The platform's images, oldest first.
pub(crate) fn images(now: crate::clock::Time) -> Vec<PlatformImage> {
    let mut images = Vec::new();
    for build in (0..BUILDS).rev() {
        for series in SERIES {
            for architecture in series.architectures {
                let published =
                    crate::clock::Time::from_millis(now.millis() - (build * 30 + 10) * 86_400_000);
                let date = published.utc().format("%Y.%m.%d").to_string();
                let name =
                    series.name.replace("{arch}", architecture.in_image_names()).replace("{date}", &date);
                let body = json!({
                    "displayName": name,
                    "operatingSystem": series.system,
                    "operatingSystemVersion": series.version,
                    "createImageAllowed": true,
                    "launchMode": "NATIVE",
                    "listingType": "NONE",
                    "sizeInMBs": 47_694,
                    "billableSizeInGBs": 5,
                    "timeCreated": published.rfc3339(),
                    "launchOptions": {
                        "bootVolumeType": "PARAVIRTUALIZED", "firmware": "UEFI_64",
                        "networkType": "PARAVIRTUALIZED", "remoteDataVolumeType": "PARAVIRTUALIZED",
                        "isPvEncryptionInTransitEnabled": true, "isConsistentVolumeNamingEnabled": true,
                    },
                    "agentFeatures": {"isMonitoringSupported": true, "isManagementSupported": true},
                });
                let Value::Object(body) = body else { unreachable!("an object literal") };
                images.push(PlatformImage { body, architecture: *architecture });
            }
        }
    }
    images
}

//! Colours, for light and for dark pages. The picture brings its own ground, so it can be read on both.

use super::scene::{GroupKind, ThingKind};

/// How something is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    Page,
    Group(u8),
    Thing(u8),
    Text,
    Faint,
    Line,
}

/// The colours of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colors {
    pub(super) fill: &'static str,
    pub(super) stroke: &'static str,
}

/// A look on a light page and on a dark one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    pub(super) class: &'static str,
    pub(super) light: Colors,
    pub(super) dark: Colors,
    pub(super) dashed: bool,
}

const fn paint(
    class: &'static str,
    (light_fill, light_stroke): (&'static str, &'static str),
    (dark_fill, dark_stroke): (&'static str, &'static str),
    dashed: bool,
) -> Paint {
    let light = Colors { fill: light_fill, stroke: light_stroke };
    let dark = Colors { fill: dark_fill, stroke: dark_stroke };
    Paint { class, light, dark, dashed }
}

const PAGE: Paint = paint("page", ("#ffffff", "none"), ("#0d1117", "none"), false);
const TEXT: Paint = paint("text", ("#111827", "none"), ("#f0f6fc", "none"), false);
const FAINT: Paint = paint("faint", ("#374151", "none"), ("#c9d1d9", "none"), false);
const LINE: Paint = paint("line", ("#374151", "#374151"), ("#c9d1d9", "#c9d1d9"), false);

const GROUPS: [Paint; 7] = [
    paint("region", ("#f6f7f9", "#6b7280"), ("#161b22", "#8b949e"), false),
    paint("vcn", ("#ffffff", "#b45309"), ("#0d1117", "#e0a15e"), true),
    paint("public", ("#fff7ed", "#ea8a3c"), ("#2b1d0e", "#e0a15e"), false),
    paint("private", ("#eff6ff", "#5b8fd0"), ("#0f1f33", "#6ea8fe"), false),
    paint("domain", ("#ffffff", "#94a3b8"), ("#0d1117", "#8b949e"), true),
    paint("cluster", ("#ffffff", "#94a3b8"), ("#0d1117", "#8b949e"), false),
    paint("services", ("#f1f2f5", "#6b7280"), ("#1c2128", "#8b949e"), true),
];

const THINGS: [Paint; 7] = [
    paint("outside", ("#e5e7eb", "#6b7280"), ("#30363d", "#8b949e"), false),
    paint("gateway", ("#fef3c7", "#b45309"), ("#4a3208", "#e0a15e"), false),
    paint("balancer", ("#fed7aa", "#c2410c"), ("#5a2a0c", "#f0883e"), false),
    paint("server", ("#dbeafe", "#1d4ed8"), ("#12305c", "#6ea8fe"), false),
    paint("database", ("#dcfce7", "#15803d"), ("#0f3d22", "#56d364"), false),
    paint("storage", ("#ede9fe", "#6d28d9"), ("#33205c", "#b794f6"), false),
    paint("more", ("#ffffff", "#94a3b8"), ("#0d1117", "#8b949e"), true),
];

impl Look {
    pub(super) fn group(kind: GroupKind) -> Self {
        Self::Group(match kind {
            GroupKind::Region => 0,
            GroupKind::Vcn => 1,
            GroupKind::PublicSubnet => 2,
            GroupKind::PrivateSubnet => 3,
            GroupKind::Domain => 4,
            GroupKind::Cluster => 5,
            GroupKind::Services => 6,
        })
    }

    pub(super) fn thing(kind: ThingKind) -> Self {
        Self::Thing(match kind {
            ThingKind::Outside => 0,
            ThingKind::Gateway => 1,
            ThingKind::Balancer => 2,
            ThingKind::Server => 3,
            ThingKind::Database => 4,
            ThingKind::Storage => 5,
            ThingKind::More => 6,
        })
    }

    pub(super) fn paint(self) -> Paint {
        match self {
            Self::Page => PAGE,
            Self::Group(at) => GROUPS[usize::from(at)],
            Self::Thing(at) => THINGS[usize::from(at)],
            Self::Text => TEXT,
            Self::Faint => FAINT,
            Self::Line => LINE,
        }
    }

    /// All of them, in the order in which they stand in the style sheet.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let groups = (0..7).map(Self::Group);
        let things = (0..7).map(Self::Thing);
        [Self::Page].into_iter().chain(groups).chain(things).chain([Self::Text, Self::Faint, Self::Line])
    }
}

//! Images, the newest first. Platform images are shown in every compartment; new ones appear about monthly, so
//! that whoever takes the first one should keep its OCID.

use std::sync::LazyLock;

use oci_client::services::core::models;
use oci_client::services::core::operations::{ListImages, ListImagesSortBy};
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;
use crate::values::text;

use oci_client::model::SortOrder;

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_core_images";

/// Images, the newest first.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct Images {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Only of this name.
    pub display_name: Attr<String>,
    /// Only of this operating system.
    pub operating_system: Attr<String>,
    /// Only of this version of it.
    pub operating_system_version: Attr<String>,
    /// Only what runs on this shape.
    pub shape: Attr<String>,
    /// Only in this state.
    pub state: Attr<String>,
    /// By what they are sorted.
    #[schemars(extend("enum" = ["TIMECREATED", "DISPLAYNAME"]))]
    pub sort_by: Attr<String>,
    /// In which order.
    #[schemars(extend("enum" = ["ASC", "DESC"]))]
    pub sort_order: Attr<String>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(Images {
    compartment_id,
    display_name,
    operating_system,
    operating_system_version,
    shape,
    state,
    sort_by,
    sort_order,
    filter,
});

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Image {
    /// Its OCID.
    id: String,
    /// What people call it.
    display_name: String,
    /// The operating system.
    operating_system: String,
    /// Its version.
    operating_system_version: String,
    /// The compartment; none for a platform image.
    compartment_id: String,
    /// The image that it was made from.
    base_image_id: String,
    /// Whether others may be made from it.
    create_image_allowed: bool,
    /// How it is made to boot.
    launch_mode: String,
    /// Its size.
    size_in_mbs: String,
    /// Its state.
    state: String,
    /// When it was made.
    time_created: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The images.
    images: Vec<Image>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<Images, Told>);

/// The data source `oci_core_images`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let mut list = ListImages::new(text(inputs, "compartment_id").unwrap_or_default());
        list.display_name = text(inputs, "display_name");
        list.operating_system = text(inputs, "operating_system");
        list.operating_system_version = text(inputs, "operating_system_version");
        list.shape = text(inputs, "shape");
        list.lifecycle_state = text(inputs, "state").map(|word| models::ImageLifecycleState::from(&*word));
        let (by, order) = (text(inputs, "sort_by"), text(inputs, "sort_order"));
        list.sort_by = Some(ListImagesSortBy::from(by.as_deref().unwrap_or("TIMECREATED")));
        list.sort_order = Some(SortOrder::from(order.as_deref().unwrap_or("DESC")));
        let call = Call::all_pages(list);
        let inputs = inputs.clone();
        Look::one(call, move |answer| Ok(data::listed(&SCHEMA, &inputs, "images", answer.items().to_vec())))
    }
}

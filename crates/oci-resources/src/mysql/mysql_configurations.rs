//! Configurations: the default ones of all shapes, and those of a compartment.

use std::sync::LazyLock;

use oci_client::services::mysql::operations::{
    ListConfigurations, ListConfigurationsLifecycleState, ListConfigurationsType,
};
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;

use crate::attr::{Attr, attributes};
use crate::call::Call;
use crate::data::{self, DataSource, Filter};
use crate::look::Look;
use crate::schema;
use crate::values::{text, texts};

/// Terraform's name of the data source.
pub const TYPE: &str = "oci_mysql_mysql_configurations";

/// Configurations of MySQL.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MysqlConfigurations {
    /// The compartment.
    #[schemars(extend("x-required" = true))]
    pub compartment_id: Attr<String>,
    /// Only this one.
    pub configuration_id: Attr<String>,
    /// Only of this name.
    pub display_name: Attr<String>,
    /// Only for this shape.
    pub shape_name: Attr<String>,
    /// Only in this state.
    pub state: Attr<String>,
    /// Only `DEFAULT` or `CUSTOM` ones.
    pub r#type: Attr<Vec<String>>,
    /// Keeps what has one of these values; several must all hold.
    pub filter: Attr<Vec<Filter>>,
}

attributes!(MysqlConfigurations {
    compartment_id,
    configuration_id,
    display_name,
    shape_name,
    state,
    r#type,
    filter,
});

/// One of them.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Configuration {
    /// Its OCID.
    id: String,
    /// The compartment.
    compartment_id: String,
    /// What people call it.
    display_name: String,
    /// What it is for.
    description: String,
    /// The shape.
    shape_name: String,
    /// `DEFAULT` or `CUSTOM`.
    r#type: String,
    /// Its state.
    state: String,
    /// When it was made.
    time_created: String,
}

/// What is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The configurations.
    configurations: Vec<Configuration>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of_data::<MysqlConfigurations, Told>);

/// The data source `oci_mysql_mysql_configurations`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let mut list = ListConfigurations::new(text(inputs, "compartment_id").unwrap_or_default());
        list.configuration_id = text(inputs, "configuration_id");
        list.display_name = text(inputs, "display_name");
        list.shape_name = text(inputs, "shape_name");
        list.lifecycle_state =
            text(inputs, "state").map(|word| ListConfigurationsLifecycleState::from(&*word));
        list.r#type = texts(inputs, "type")
            .map(|words| words.iter().map(|word| ListConfigurationsType::from(&**word)).collect());
        let call = Call::all_pages(list);
        let inputs = inputs.clone();
        Look::one(call, move |answer| {
            Ok(data::listed(&SCHEMA, &inputs, "configurations", answer.items().to_vec()))
        })
    }
}

//! A DB system that is there already, as a data source: all that the resource tells.

use std::sync::LazyLock;

use oci_client::services::mysql::operations::GetDbSystem;
use reconcile::provider::{Failure, ResourceType};
use reconcile::schema::{Attribute, Kind, Schema};
use reconcile::value::ValueMap;

use super::mysql_db_system;
use crate::call::Call;
use crate::data::{self, DataSource};
use crate::look::Look;
use crate::module::ResourceModule;
use crate::values::text;
use crate::wire::RAW;

/// Terraform's name of the data source.
pub const TYPE: &str = mysql_db_system::TYPE;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut id = Attribute::new(Kind::String).required();
    id.description = Some("Its OCID.".into());
    let resource = mysql_db_system::Module.resource_type().schema;
    let told = resource.attributes().filter(|(name, attribute)| !attribute.write_only && &***name != RAW);
    told.fold(Schema::default().with("db_system_id", id), |schema, (name, attribute)| {
        let told = Attribute { required: false, ..attribute.clone() };
        schema.with(name.clone(), told.read_only())
    })
});

/// The data source `oci_mysql_mysql_db_system`.
#[derive(Clone, Copy, Debug)]
pub struct Source;

impl DataSource for Source {
    fn data_type(&self) -> ResourceType {
        ResourceType::new(TYPE, SCHEMA.clone())
    }

    fn read(&self, inputs: &ValueMap) -> Look<Result<ValueMap, Failure>> {
        let get = GetDbSystem::new(text(inputs, "db_system_id").unwrap_or_default());
        let (inputs, renames) = (inputs.clone(), mysql_db_system::Module.api().renames);
        Look::one(Call::new(get), move |answer| Ok(data::told_with(&SCHEMA, &inputs, &answer.body, renames)))
    }
}

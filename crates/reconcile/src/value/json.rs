//! Values as JSON, in files of ours and in canonical bytes for digests.
//!
//! What JSON has no word for is an object with one key that starts with `$`: `{"$unknown": "t.n.id"}` and
//! `{"$redacted": "<digest>"}`. A map that has a key starting with `$` is wrapped: `{"$map": {…}}`.
//! A secret in clear has no encoding: serialising it is an error, so that it cannot slip into a file.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Digest, Number, Origin, Value, ValueMap};

const UNKNOWN: &str = "$unknown";
const REDACTED: &str = "$redacted";
const MAP: &str = "$map";

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => serialize_number(*number, serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Map(map) => {
                if map.keys().any(|name| name.starts_with('$')) {
                    return serialize_one(MAP, &Plain(map), serializer);
                }
                Plain(map).serialize(serializer)
            }
            Self::Unknown(origin) => serialize_one(UNKNOWN, &**origin, serializer),
            Self::Redacted(digest) => serialize_one(REDACTED, &**digest, serializer),
            Self::Sensitive(_) => Err(ser::Error::custom("a secret in clear is never written")),
        }
    }
}

impl Serialize for ValueMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Plain(self).serialize(serializer)
    }
}

struct Plain<'a>(&'a ValueMap);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(&**name, value))?;
        map.end()
    }
}

fn serialize_one<S: Serializer>(
    key: &str,
    value: &(impl Serialize + ?Sized),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

fn serialize_number<S: Serializer>(number: Number, serializer: S) -> Result<S::Ok, S::Error> {
    match (number.as_i64(), number.as_u64()) {
        (Some(value), _) => serializer.serialize_i64(value),
        (None, Some(value)) => serializer.serialize_u64(value),
        (None, None) => serializer.serialize_f64(number.as_f64()),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for ValueMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = ValueMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<ValueMap, A::Error> {
                let mut entries = Vec::with_capacity(access.size_hint().unwrap_or(0));
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    entries.push((name.into(), value));
                }
                Ok(entries.into_iter().collect())
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::string(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::with_capacity(access.size_hint().unwrap_or(0));
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if !name.starts_with('$') {
                entries.push((name.into(), access.next_value()?));
                continue;
            }
            if !entries.is_empty() {
                return Err(de::Error::custom("a marked value has one key"));
            }
            let value = match &*name {
                UNKNOWN => Value::Unknown(access.next_value::<Origin>()?.into()),
                REDACTED => Value::Redacted(access.next_value::<Digest>()?.into()),
                MAP => Value::Map(access.next_value::<ValueMap>()?),
                other => return Err(de::Error::custom(format_args!("`{other}` is no kind of value"))),
            };
            if access.next_key::<String>()?.is_some() {
                return Err(de::Error::custom("a marked value has one key"));
            }
            return Ok(value);
        }
        Ok(Value::Map(entries.into_iter().collect()))
    }
}

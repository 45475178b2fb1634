//! A tree of values out of YAML, JSON or HCL, tolerant of everything compose and bake files may hold.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest nesting that is read. Real files stay below ten; the bound keeps recursion over a [`Value`] shallow.
pub(super) const MAX_DEPTH: usize = 48;

/// A string, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Written out.
    Literal(String),
    /// What it is unless the environment says otherwise: a variable's default.
    Assumed(String),
    /// Given, but not to be known from the file.
    Unknown,
}

impl Text {
    /// The most likely value.
    pub(crate) fn likely(&self) -> Option<&str> {
        match self {
            Self::Literal(text) | Self::Assumed(text) => Some(text),
            Self::Unknown => None,
        }
    }

    /// The value, when nothing outside the file can change it.
    pub(crate) fn certain(&self) -> Option<&str> {
        if let Self::Literal(text) = self { Some(text) } else { None }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(Text),
    List(Vec<Value>),
    /// In file order; a key may come twice.
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self::Text(Text::Literal(text.into()))
    }

    /// What reads one, for readers that keep more than this does.
    pub(super) fn visitor() -> impl for<'de> Visitor<'de, Value = Self> {
        AtDepth(0)
    }

    /// The last value under `key`, when this is a map that has it and it is not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let value = self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)?;
        (*value != Value::Null).then_some(value)
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[(String, Value)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Value] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The text of a scalar. What is a list or a map where a scalar belongs is unknown.
    pub(crate) fn text(&self) -> Text {
        if let Self::Text(text) = self { text.clone() } else { Text::Unknown }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AtDepth(0).deserialize(deserializer)
    }
}

struct AtDepth(usize);

impl AtDepth {
    fn below<E: Error>(&self) -> Result<usize, E> {
        if self.0 < MAX_DEPTH { Ok(self.0 + 1) } else { Err(E::custom("nested too deeply")) }
    }
}

impl<'de> DeserializeSeed<'de> for AtDepth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtDepth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::literal(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::literal(value.to_string()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::literal(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::literal(value.to_string()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        Ok(Value::literal(value.to_string()))
    }

    /// An unquoted `3.10` reaches the build as `3.1`, and `2.0` as `2` or `2.0` depending on the version of compose.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let plain = value.is_finite() && value.fract() != 0.0 && (1e-4..1e15).contains(&value.abs());
        Ok(if plain { Value::literal(value.to_string()) } else { Value::Text(Text::Unknown) })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::literal(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::literal(value))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Text(Text::Unknown))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(AtDepth(depth))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(AtDepth(depth))? {
            let value = map.next_value_seed(AtDepth(depth))?;
            if let Value::Text(Text::Literal(key)) = key {
                entries.push((key, value));
            }
        }
        Ok(Value::Map(entries))
    }
}

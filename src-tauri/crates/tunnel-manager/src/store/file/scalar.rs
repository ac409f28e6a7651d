//! A value that may be written as a number or as a text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// What a setting has for a value: `20`, `"1-4"`, `true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    /// A whole number.
    Number(u64),
    /// Anything else.
    Text(String),
}

impl Scalar {
    /// The value as it would be typed into a form.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// What looks like a number becomes one.
impl From<String> for Scalar {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Text(text),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a text")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        // The setting's own rule says what is wrong with a negative one.
        Ok(u64::try_from(number).map_or_else(|_| Scalar::Text(number.to_string()), Scalar::Number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<Scalar, E> {
        Ok(Scalar::Text(if on { "on" } else { "off" }.to_owned()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }
}

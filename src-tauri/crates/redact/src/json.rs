//! JSON: numbers and keys stay as they are, strings are looked at one by one.

use serde_json::Value;

use crate::fields::marked;
use crate::{Kind, RedactError, Redactor};

impl Redactor {
    /// Redacts every string of a JSON value; what its field's name tells is heeded.
    ///
    /// # Errors
    /// There are too many values to look for.
    pub fn json(&mut self, value: &mut Value) -> Result<(), RedactError> {
        self.below(None, value)
    }

    /// Learns what the fields of a JSON value and patterns tell of it.
    pub fn learn_from_json(&mut self, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => self.learn_from(text),
            Value::Array(values) => {
                for value in values {
                    self.learn_from_json(value);
                }
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (marked(key), value) {
                        (Some(kind), Value::String(text)) => self.learn(kind, text),
                        (Some(_) | None, _) => self.learn_from_json(value),
                    }
                }
            }
        }
    }

    fn below(&mut self, kind: Option<Kind>, value: &mut Value) -> Result<(), RedactError> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => {
                *text = match kind {
                    Some(kind) => self.mark(kind, text),
                    None => self.text(text)?,
                };
            }
            Value::Array(values) => {
                for value in values {
                    self.below(kind, value)?;
                }
            }
            Value::Object(fields) => {
                let keys: Vec<String> = fields.keys().cloned().collect();
                for key in keys {
                    let Some(mut value) = fields.remove(&key) else {
                        continue;
                    };
                    self.below(marked(&key), &mut value)?;
                    // A key may be somebody's choice: a tag, a host.
                    let name = self.text(&key)?;
                    fields.insert(name, value);
                }
            }
        }
        Ok(())
    }
}

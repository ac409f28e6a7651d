//! JSON: numbers and keys stay as they are, strings are looked at one by one.

use serde_json::Value;

use crate::{Kind, RedactError, Redactor};

/// Fields of Culvert's own records, of AWS's answers and of logs whose nature their name tells.
fn marked(key: &str) -> Option<Kind> {
    let plain: String = key.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    Some(match plain.to_ascii_lowercase().as_str() {
        "sessionid" | "dropof" => Kind::Session,
        "tokenvalue" | "token" | "sessiontoken" | "accesstoken" | "refreshtoken" | "idtoken"
        | "clienttoken" | "awssessiontoken" | "xamzsecuritytoken" | "authorization" => Kind::Token,
        "secretaccesskey" | "awssecretaccesskey" | "password" | "clientsecret" | "secret" => {
            Kind::Secret
        }
        "accesskeyid" | "awsaccesskeyid" => Kind::Key,
        "instanceid" => Kind::Instance,
        "account" | "accountid" | "owneraccount" => Kind::Account,
        "username" | "user" | "owner" | "login" => Kind::User,
        "host" | "hostname" | "remotehost" | "computername" | "proxyhost" => Kind::Host,
        "email" => Kind::Email,
        "starturl" | "ssostarturl" => Kind::Portal,
        "reason" if key == "sessionReason" => Kind::Text,
        _ => return None,
    })
}

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

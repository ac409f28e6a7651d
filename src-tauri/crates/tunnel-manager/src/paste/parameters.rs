//! The parameters of a port forwarding document: shorthand (AWS CLI, "Using shorthand syntax") or
//! JSON.

use serde_json::{Map, Value};

use super::scope::is_placeholder;
use super::{Fault, Found, Notice, PasteError, Place};

/// The values that the documents know. Numbers are texts there.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) port: Option<String>,
    pub(super) local_port: Option<String>,
    pub(super) host: Option<String>,
}

/// Reads the value of `--parameters`.
///
/// # Errors
/// It is in a file, or neither shorthand nor JSON, or a parameter has not exactly one value.
pub(super) fn read(text: &str, place: Place, found: &mut Found) -> Result<Parameters, PasteError> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if ["file://", "fileb://", "http://", "https://"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
    {
        let option = "--parameters".to_owned();
        return Err(Fault::InFile { option }.at(place));
    }
    let pairs = match json(text, place, found)? {
        Some(pairs) => pairs,
        None => shorthand(text).ok_or(Fault::Parameters.at(place))?,
    };
    of_pairs(pairs, place, found)
}

/// Reads a JSON object of parameters.
///
/// # Errors
/// A parameter has not exactly one value.
pub(super) fn of_object(
    object: &Map<String, Value>,
    place: Place,
    found: &mut Found,
) -> Result<Parameters, PasteError> {
    of_pairs(pairs_of(object), place, found)
}

/// A parameter and its values.
type Pair = (String, Vec<String>);

fn of_pairs(pairs: Vec<Pair>, place: Place, found: &mut Found) -> Result<Parameters, PasteError> {
    let mut parameters = Parameters::default();
    for (name, values) in pairs {
        let slot = match name.to_ascii_lowercase().as_str() {
            "portnumber" => &mut parameters.port,
            "localportnumber" => &mut parameters.local_port,
            "host" => &mut parameters.host,
            _ => {
                let name = word_of(&name);
                found.note(place, Notice::ParameterLeftOut { name });
                continue;
            }
        };
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) if slot.is_none() && !value.trim().is_empty() => {
                if is_placeholder(&value) {
                    return Err(Fault::Placeholder.at(place));
                }
                *slot = Some(value.trim().to_owned());
            }
            _ => {
                let name = word_of(&name);
                return Err(Fault::ParameterValues { name }.at(place));
            }
        }
    }
    Ok(parameters)
}

/// A name as it may be shown.
fn word_of(name: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars().filter(plain).take(60).collect()
}

/// `None` if the text is no JSON, even when quotes that were escaped once too often are taken
/// for plain ones.
fn json(text: &str, place: Place, found: &mut Found) -> Result<Option<Vec<Pair>>, PasteError> {
    let inner = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .unwrap_or(text);
    if let Ok(object) = serde_json::from_str(inner) {
        return Ok(Some(pairs_of(&object)));
    }
    for escaped in ["\\\"", "\"\""] {
        if inner.contains(escaped)
            && let Ok(object) = serde_json::from_str(&inner.replace(escaped, "\""))
        {
            found.note(place, Notice::EscapedQuotes);
            return Ok(Some(pairs_of(&object)));
        }
    }
    Ok(None)
}

fn pairs_of(object: &Map<String, Value>) -> Vec<Pair> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let values = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(scalar).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            scalar(value).into_iter().collect()
        }
    };
    let pairs = object.iter();
    pairs
        .map(|(name, value)| (name.clone(), values(value)))
        .collect()
}

/// Reads `name=value,name=[value],…`. Braces round it, `:` instead of `=`, and quotes that a
/// shell took away are what is left of JSON that was not quoted.
fn shorthand(text: &str) -> Option<Vec<Pair>> {
    let inner = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .unwrap_or(text)
        .trim();
    let inner = match inner.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => inner,
    };
    let mut rest = Rest(inner);
    let mut pairs: Vec<Pair> = Vec::new();
    loop {
        rest.blanks();
        if rest.0.is_empty() {
            break;
        }
        match rest.name() {
            Some(name) => {
                let values = rest.values()?;
                pairs.push((name, values));
            }
            // A value more for the name before.
            None => pairs.last_mut()?.1.push(rest.item(&[','])?),
        }
        rest.blanks();
        if !rest.take(',') && !rest.0.is_empty() {
            return None;
        }
    }
    (!pairs.is_empty()).then_some(pairs)
}

/// What is left of a text.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn blanks(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn take(&mut self, c: char) -> bool {
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A name and what divides it from its value, which it takes.
    fn name(&mut self) -> Option<String> {
        let before = self.0;
        let quote = ['"', '\''].into_iter().find(|quote| self.take(*quote));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let end = self.0.find(|c| !plain(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        self.0 = rest;
        let closed = quote.is_none_or(|quote| self.take(quote));
        self.blanks();
        if !name.is_empty() && closed && (self.take('=') || self.take(':')) {
            return Some(name.to_owned());
        }
        self.0 = before;
        None
    }

    fn values(&mut self) -> Option<Vec<String>> {
        self.blanks();
        if !self.take('[') {
            return Some(vec![self.item(&[','])?]);
        }
        let mut values = Vec::new();
        loop {
            self.blanks();
            if self.take(']') {
                return Some(values);
            }
            values.push(self.item(&[',', ']'])?);
            self.blanks();
            self.take(',');
            if self.0.is_empty() {
                return None;
            }
        }
    }

    /// A value, quoted or up to one of `ends`.
    fn item(&mut self, ends: &[char]) -> Option<String> {
        for quote in ['"', '\''] {
            if self.take(quote) {
                let (value, rest) = self.0.split_once(quote)?;
                self.0 = rest;
                return Some(value.to_owned());
            }
        }
        let end = self.0.find(ends).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at(end);
        self.0 = rest;
        let value = value.trim();
        (!value.contains(['"', '\'', '[', '{', '}'])).then(|| value.to_owned())
    }
}

//! Instances of EC2: `DescribeInstances` (EC2 API Reference, version 2016-11-15).

use aws_credential_types::Credentials;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::{Reader, Reading, malformed, xml};
use crate::AccessError;

const VERSION: &str = "2016-11-15";

/// How many instances a page has: a page of the most, 1,000, may have several megabytes.
const PAGE: &str = "500";

/// What a filter takes at most (EC2 API Reference, "Filter": 200 values).
pub(crate) const FILTER_VALUES: usize = 200;

/// An instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// `running`, `stopped` and so on.
    pub(crate) state: Option<String>,
    pub(crate) private_address: Option<String>,
    /// Such as `Linux/UNIX` or `Windows`.
    pub(crate) platform: Option<String>,
    /// Unix milliseconds.
    pub(crate) launched: Option<u64>,
    pub(crate) tags: Vec<(String, String)>,
}

impl Instance {
    /// The value of the tag `Name`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.tags
            .iter()
            .find(|(key, value)| key == "Name" && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// Which instances are wanted.
#[derive(Debug, Clone)]
pub(crate) enum Instances {
    /// All that are not terminated.
    All,
    /// Those that run and have this tag.
    RunningWithTag(String, String),
    /// These, at most [`FILTER_VALUES`], as far as they exist.
    WithIds(Vec<String>),
}

impl Reader {
    /// One page of instances, and the token of the next one.
    pub(crate) async fn instances(
        &self,
        wanted: &Instances,
        token: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Instance>, Option<String>), AccessError> {
        let mut parameters = vec![("MaxResults".to_owned(), PAGE.to_owned())];
        let states: &[&str] = match wanted {
            Instances::All | Instances::WithIds(_) => {
                &["pending", "running", "stopping", "stopped", "shutting-down"]
            }
            Instances::RunningWithTag(..) => &["pending", "running"],
        };
        filter(
            &mut parameters,
            1,
            "instance-state-name",
            states.iter().copied(),
        );
        match wanted {
            Instances::All => {}
            Instances::RunningWithTag(key, value) => {
                let (key, value) = (format!("tag:{key}"), literal(value));
                filter(&mut parameters, 2, &key, [value.as_str()]);
            }
            Instances::WithIds(ids) => {
                let ids = ids.iter().take(FILTER_VALUES).map(String::as_str);
                filter(&mut parameters, 2, "instance-id", ids);
            }
        }
        if let Some(token) = token {
            parameters.push(("NextToken".to_owned(), token.to_owned()));
        }
        let answer = self
            .query(Reading::Instances, VERSION, &parameters, credentials)
            .await?;
        read(&answer)
    }
}

fn filter<'a>(
    parameters: &mut Vec<(String, String)>,
    number: u32,
    name: &str,
    values: impl IntoIterator<Item = &'a str>,
) {
    parameters.push((format!("Filter.{number}.Name"), name.to_owned()));
    for (n, value) in (1_usize..).zip(values) {
        parameters.push((format!("Filter.{number}.Value.{n}"), value.to_owned()));
    }
}

/// A filter's value that means itself: `*` and `?` are wildcards (EC2 User Guide, "Filter
/// resources").
fn literal(value: &str) -> String {
    let mut literal = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal
}

fn read(answer: &str) -> Result<(Vec<Instance>, Option<String>), AccessError> {
    let (mut instances, mut next) = (Vec::new(), None);
    xml::document(answer, "DescribeInstancesResponse", |name, child| {
        match name {
            "reservationSet" => xml::children(child, |_, reservation| {
                xml::children(reservation, |name, child| match name {
                    "instancesSet" => xml::children(child, |_, item| {
                        instances.push(instance(item)?);
                        Ok(())
                    }),
                    _ => Ok(()),
                })
            })?,
            "nextToken" => next = xml::text(child)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((instances, next))
}

fn instance(item: &mut xml::Element<'_, '_>) -> Result<Instance, AccessError> {
    let mut instance = Instance::default();
    xml::children(item, |name, child| {
        match name {
            "instanceId" => instance.id = xml::text(child)?.unwrap_or_default(),
            "instanceState" => xml::children(child, |name, child| {
                if name == "name" {
                    instance.state = xml::text(child)?;
                }
                Ok(())
            })?,
            "privateIpAddress" => instance.private_address = xml::text(child)?,
            "platformDetails" => instance.platform = xml::text(child)?,
            "launchTime" => instance.launched = xml::text(child)?.as_deref().and_then(unix_ms),
            "tagSet" => instance.tags = tags(child)?,
            _ => {}
        }
        Ok(())
    })?;
    if instance.id.is_empty() {
        return Err(malformed("an instance without an id"));
    }
    Ok(instance)
}

fn tags(set: &mut xml::Element<'_, '_>) -> Result<Vec<(String, String)>, AccessError> {
    let mut tags = Vec::new();
    xml::children(set, |_, item| {
        let (mut key, mut value) = (None, None);
        xml::children(item, |name, child| {
            match name {
                "key" => key = xml::text(child)?,
                "value" => value = xml::text(child)?,
                _ => {}
            }
            Ok(())
        })?;
        if let Some(key) = key {
            tags.push((key, value.unwrap_or_default()));
        }
        Ok(())
    })?;
    Ok(tags)
}

fn unix_ms(text: &str) -> Option<u64> {
    let time = DateTime::from_str(text, Format::DateTime).ok()?;
    time.to_millis().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_value_mean_themselves() {
        assert_eq!(literal(r"a*b?c\d"), r"a\*b\?c\\d");
        assert_eq!(literal("bastion"), "bastion");
    }

    #[test]
    fn an_answer_without_instances_has_none() {
        let empty = "<DescribeInstancesResponse xmlns=\"x\"><requestId>r</requestId><reservationSet/></DescribeInstancesResponse>";
        assert_eq!(read(empty).unwrap(), (Vec::new(), None));
        let nameless = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item/></instancesSet></item></reservationSet></DescribeInstancesResponse>";
        assert!(read(nameless).is_err());
    }

    #[test]
    fn times_are_read() {
        assert_eq!(unix_ms("2026-11-24T12:00:00.000Z"), Some(1_795_521_600_000));
        assert_eq!(unix_ms("yesterday"), None);
    }
}

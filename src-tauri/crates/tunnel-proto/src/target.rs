//! Which node a session is opened to, as people write it.
//!
//! ```text
//! i-0123456789abcdef0                     an instance, by its id
//! mi-0123456789abcdef0                    a managed node outside of EC2
//! ecs:CLUSTER_TASK_RUNTIME                a container of an ECS task
//! name:bastion                            by its name: of those that are online, the first by id
//! tag:Role=bastion@newest                 by a tag: of those that are online, the youngest
//! name:bastion, i-0123456789abcdef0       several, in the order in which they are tried
//! name:"db, prod @ \"home\""              quotes keep what would mean something else
//! ```

mod read;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most candidates that a tunnel may have. Each that is passed over costs calls to the
/// service before a session starts.
pub const CANDIDATES_MOST: usize = 8;

/// Longest id (docs/protocol.md, section 1: `Target` of StartSession).
const ID_MOST: usize = 400;
/// Longest key of a tag (EC2 User Guide, "Tag restrictions").
const KEY_MOST: usize = 128;
/// Longest value of a tag (the same); a name is the value of the tag `Name`.
const VALUE_MOST: usize = 256;

/// What means something in the grammar, so that a value that has it is written in quotes.
const RESERVED: [char; 4] = [',', '@', '"', '\\'];

/// The nodes that a session may be opened to, in the order in which they are tried; at least one,
/// at most [`CANDIDATES_MOST`].
///
/// Read from text ([`FromStr`]; the module has the grammar), and written as the same again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetSpec(Vec<Candidate>);

/// One way to find a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Candidate {
    /// The node with this id. Nothing has to be looked up.
    Id(String),
    /// One of the nodes with this name: the tag `Name`, or what a node outside of EC2 was called
    /// when it was registered.
    Name(String, Rule),
    /// One of the nodes with this tag.
    Tag {
        /// The tag's key.
        key: String,
        /// Its value, exactly.
        value: String,
        /// Which of them.
        rule: Rule,
    },
}

/// Which of several nodes that are online is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The first by its id: the same one for as long as it is online. Written `@first-online`, or
    /// not at all.
    #[default]
    FirstOnline,
    /// The one that was launched or registered last. Written `@newest`.
    Newest,
}

/// What is wrong with the text of a target. Its own text is a sentence that says what to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing is there, or nothing between two commas.
    #[error("Say which instance or task the session goes to, for example i-0123456789abcdef0.")]
    Missing,
    /// There are more candidates than are tried.
    #[error("A tunnel tries at most {CANDIDATES_MOST} targets.")]
    TooMany,
    /// The id is too long or has spaces in it.
    #[error(
        "A target is an id such as i-0123456789abcdef0, without spaces; name:NAME, tag:KEY=VALUE, \
         or several with commas between them."
    )]
    Id,
    /// A rule stands behind an id.
    #[error("An id is one node: a rule such as @newest belongs behind a name or a tag.")]
    RuleOfId,
    /// No name stands behind `name:`.
    #[error("A name has 1 to {VALUE_MOST} characters, as in name:bastion.")]
    Name,
    /// What stands behind `tag:` is no key and value.
    #[error("A tag is a key and a value, as in tag:Role=bastion.")]
    Tag,
    /// What stands behind `@` is no rule.
    #[error(
        "Behind @ stands first-online or newest; put a name that has @ in it in quotes, as in \
         name:\"web@home\"."
    )]
    Rule,
    /// A quote is not closed, or something stands behind it.
    #[error(
        "A text in quotes ends with a quote, as in name:\"a, b\"; a quote in it is written \\\"."
    )]
    Quote,
}

impl TargetError {
    /// The error's stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "target-missing",
            Self::TooMany => "too-many-targets",
            Self::Id => "target-id",
            Self::RuleOfId => "target-rule-of-id",
            Self::Name => "target-name",
            Self::Tag => "target-tag",
            Self::Rule => "target-rule",
            Self::Quote => "target-quote",
        }
    }
}

impl TargetSpec {
    /// Makes the target that is the one node with this id, whatever the id looks like.
    pub fn of_id(id: impl Into<String>) -> Self {
        Self(vec![Candidate::Id(id.into())])
    }

    /// Puts the candidates of several texts one after the other.
    ///
    /// # Errors
    /// [`TargetError::TooMany`], or [`TargetError::Missing`] if there are none.
    pub fn join(specs: impl IntoIterator<Item = Self>) -> Result<Self, TargetError> {
        let candidates: Vec<_> = specs.into_iter().flat_map(|spec| spec.0).collect();
        match candidates.len() {
            0 => Err(TargetError::Missing),
            1..=CANDIDATES_MOST => Ok(Self(candidates)),
            _ => Err(TargetError::TooMany),
        }
    }

    /// The candidates, in the order in which they are tried; never empty.
    pub fn candidates(&self) -> &[Candidate] {
        &self.0
    }

    /// The id, if that is all that the target is: nothing has to be looked up or chosen.
    pub fn only_id(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Candidate::Id(id)] => Some(id),
            _ => None,
        }
    }
}

impl FromStr for TargetSpec {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        read::candidates(text).map(Self)
    }
}

impl fmt::Display for TargetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, candidate) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            candidate.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) if starts_like_a_search(id) || id.contains(char::is_whitespace) => {
                quoted(f, id)
            }
            Self::Id(id) => value(f, id, &[]),
            Self::Name(name, rule) => {
                f.write_str("name:")?;
                value(f, name, &[])?;
                behind(f, *rule)
            }
            Self::Tag {
                key,
                value: wanted,
                rule,
            } => {
                f.write_str("tag:")?;
                value(f, key, &['='])?;
                f.write_str("=")?;
                value(f, wanted, &[])?;
                behind(f, *rule)
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstOnline => "first-online",
            Self::Newest => "newest",
        })
    }
}

fn starts_like_a_search(id: &str) -> bool {
    id.starts_with("name:") || id.starts_with("tag:")
}

/// Writes a value so that it is read as the same again.
fn value(f: &mut fmt::Formatter<'_>, text: &str, further: &[char]) -> fmt::Result {
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.contains(RESERVED)
        && !text.contains(further);
    if plain {
        f.write_str(text)
    } else {
        quoted(f, text)
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    write!(f, "\"{text}\"")
}

/// Writes a rule that is not the usual one.
fn behind(f: &mut fmt::Formatter<'_>, rule: Rule) -> fmt::Result {
    match rule {
        Rule::FirstOnline => Ok(()),
        Rule::Newest => write!(f, "@{rule}"),
    }
}

#[cfg(test)]
mod tests;

//! Where a tunnel stands among the others. The engine knows nothing of it.

use super::rules::{self, Invalid};
use super::{Field, Rule};

/// By what a user finds a tunnel, besides its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filing {
    /// The group under which it is listed; `None` lists it above all groups.
    pub group: Option<String>,
    /// Words to find it by, in the user's order, each once.
    pub tags: Vec<String>,
    /// It is one of those that the user wants at hand.
    pub favourite: bool,
}

/// A change of where tunnels are filed, the same for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refiling {
    /// Into this group, or into none.
    Group(Option<String>),
    /// With this tag as well.
    Tag(String),
    /// Without this tag.
    Untag(String),
    /// Whether they are favourites.
    Favourite(bool),
}

impl Refiling {
    /// Checks what it says as a [`Draft`](super::Draft) is checked.
    ///
    /// # Errors
    ///
    /// The rule that the group or the tag breaks.
    pub(crate) fn checked(self) -> Result<Self, Invalid> {
        let tag = |tag: String| {
            rules::tag(&tag).map_err(|rule| Invalid {
                field: Field::Tags,
                rule,
            })
        };
        match self {
            Self::Group(None) => Ok(Self::Group(None)),
            Self::Group(Some(group)) if group.trim().is_empty() => Ok(Self::Group(None)),
            Self::Group(Some(group)) => match rules::group(&group) {
                Ok(group) => Ok(Self::Group(Some(group))),
                Err(rule) => Err(Invalid {
                    field: Field::Group,
                    rule,
                }),
            },
            Self::Tag(text) => tag(text).map(Self::Tag),
            Self::Untag(text) => tag(text).map(Self::Untag),
            Self::Favourite(favourite) => Ok(Self::Favourite(favourite)),
        }
    }
}

impl Filing {
    /// Files it anew.
    ///
    /// # Errors
    ///
    /// [`Rule::TooManyTags`]; it stays as it was.
    pub(crate) fn change(&mut self, refiling: &Refiling) -> Result<(), Rule> {
        match refiling {
            Refiling::Group(group) => self.group.clone_from(group),
            Refiling::Tag(tag) => {
                let mut tags = self.tags.clone();
                tags.push(tag.clone());
                self.tags = rules::tags(&tags)?;
            }
            Refiling::Untag(tag) => self.tags.retain(|each| each != tag),
            Refiling::Favourite(favourite) => self.favourite = *favourite,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refiled(filing: &Filing, refiling: Refiling) -> Filing {
        let mut filing = filing.clone();
        let refiling = refiling.checked().expect("valid");
        filing.change(&refiling).expect("room");
        filing
    }

    #[test]
    fn each_change_alters_what_it_names_and_nothing_else() {
        let filing = Filing {
            group: Some("Payments".to_owned()),
            tags: vec!["eu".to_owned()],
            favourite: true,
        };
        let text = |text: &str| text.to_owned();
        let lab = refiled(&filing, Refiling::Group(Some(text(" Lab "))));
        assert_eq!(lab.group.as_deref(), Some("Lab"));
        assert_eq!((lab.tags, lab.favourite), (filing.tags.clone(), true));
        assert_eq!(
            refiled(&filing, Refiling::Group(Some(text(" ")))).group,
            None
        );
        assert_eq!(
            refiled(&filing, Refiling::Tag(text("sql"))).tags,
            ["eu", "sql"]
        );
        assert_eq!(refiled(&filing, Refiling::Tag(text("eu"))), filing);
        assert_eq!(refiled(&filing, Refiling::Untag(text("eu"))).tags, [""; 0]);
        assert!(!refiled(&filing, Refiling::Favourite(false)).favourite);
    }

    #[test]
    fn what_breaks_a_rule_changes_nothing() {
        let long = "x".repeat(200);
        let wrong = |refiling: Refiling| refiling.checked().map_err(|invalid| invalid.field);
        assert_eq!(
            wrong(Refiling::Group(Some(long.clone()))),
            Err(Field::Group)
        );
        assert_eq!(wrong(Refiling::Tag(long)), Err(Field::Tags));
        assert_eq!(wrong(Refiling::Tag(String::new())), Err(Field::Tags));
        let mut full = Filing::default();
        for number in 0.. {
            if full.change(&Refiling::Tag(number.to_string())).is_err() {
                break;
            }
        }
        assert_eq!(full.tags.len(), 16);
    }
}

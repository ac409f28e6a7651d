use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::time::Duration;

use crate::Check;

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// The tunnel works, but something about it is worth knowing; or the check could not find
    /// out what it wanted to.
    Warning,
    /// The tunnel can't work like this.
    Failed(Business),
    /// It was not looked at.
    Skipped(Skipped),
}

/// Why a check was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// Another one failed, without which this one would only fail as well: the first of the
    /// chain.
    Because(Check),
    /// There is nothing to look at, as the sentence of the finding says.
    NothingToCheck,
}

/// Whose business a failure is: the exit codes of the README. The same kinds as those of a
/// tunnel's problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Business {
    /// The tunnel's settings.
    Settings,
    /// The local port, address or socket.
    Listen,
    /// Credentials are missing or have expired.
    Credentials,
    /// The account does not allow it.
    Permission,
    /// The target, its agent, or the destination behind it.
    Target,
    /// The way to AWS.
    Network,
    /// AWS itself.
    Service,
    /// The far end said something that it must not say.
    Protocol,
}

/// Something that went wrong while facts were gathered, in the words of whoever found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose business it is.
    pub business: Business,
    /// Stable name for programs, such as `network-dns`.
    pub code: String,
    /// What happened, in one sentence.
    pub what: String,
    /// What the reader can do, in one sentence; empty when there is nothing.
    pub remedy: String,
    /// The raw text of whoever reported it; empty when there is none.
    pub details: String,
    /// What the sentences name.
    pub facts: Box<Facts>,
}

/// Values that sentences name, each under its name.
pub type Facts = BTreeMap<&'static str, String>;

/// A sentence of a judgement by its name, for whoever says it in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Stable name: the code of what was found, or that of a sentence about what is as it should be.
    pub name: String,
    /// What the sentence names.
    pub facts: Facts,
}

/// What the facts of one check come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it came out.
    pub verdict: Verdict,
    /// Stable name of what was found, such as `clock-skew`; empty for what is as it should be.
    pub code: String,
    /// What was found and what it means; one sentence or two.
    pub what: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
    /// Raw texts and figures; empty when there are none.
    pub details: String,
    /// The sentences of `what`, in their order, by name.
    pub said: Vec<Said>,
}

/// Sentences that are put together one by one.
#[derive(Debug, Default)]
pub(crate) struct Sentences {
    texts: Vec<String>,
    said: Vec<Said>,
}

/// Which of several tunnels or accounts a check is about. Written out, it is what English reports say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A tunnel, or whatever else has a name of its own.
    Named(String),
    /// The account of a profile of the AWS configuration.
    Profile {
        /// The profile's name.
        name: String,
        /// Region and endpoints, such as `eu-west-1 fips`; empty where they are as usual.
        way: String,
    },
    /// The account of keys in the system's keyring.
    Keys {
        /// Their name in the keyring.
        name: String,
        /// As of a profile.
        way: String,
    },
    /// The account of the credentials that are found without a name.
    Default {
        /// As of a profile.
        way: String,
    },
}

impl Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self {
            Self::Named(name) => return f.write_str(name),
            Self::Profile { name, way } => {
                write!(f, "profile {name}")?;
                way
            }
            Self::Keys { name, way } => {
                write!(f, "keys {name}")?;
                way
            }
            Self::Default { way } => {
                f.write_str("default credentials")?;
                way
            }
        };
        if way.is_empty() {
            Ok(())
        } else {
            write!(f, " {way}")
        }
    }
}

/// One check, made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Which of several tunnels or accounts it is about; `None` where there is one.
    pub about: Option<About>,
    /// How long it took, without the time that it waited for others; zero if it was skipped.
    pub took: Duration,
    /// What came out.
    pub judgement: Judgement,
}

impl Judgement {
    /// All is well.
    pub fn ok(what: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Ok,
            code: String::new(),
            what: what.into(),
            remedy: String::new(),
            details: String::new(),
            said: Vec::new(),
        }
    }

    /// Worth knowing, or not found out.
    pub fn warning(
        code: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let code = code.into();
        Self {
            verdict: Verdict::Warning,
            said: vec![Said::new(code.clone(), Facts::new())],
            code,
            what: what.into(),
            remedy: remedy.into(),
            details: String::new(),
        }
    }

    /// It can't work like this.
    pub fn failed(
        business: Business,
        code: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Failed(business),
            ..Self::warning(code, what, remedy)
        }
    }

    /// There is nothing to look at, and why.
    pub fn nothing_to_check(what: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Skipped(Skipped::NothingToCheck),
            ..Self::ok(what)
        }
    }

    /// Names the next sentence of `what`, with the values in it.
    #[must_use]
    pub fn saying<const N: usize>(
        mut self,
        name: &str,
        facts: [(&'static str, &dyn Display); N],
    ) -> Self {
        self.said.push(Said::of(name, facts));
        self
    }

    /// Names the next sentence of `what` as that of a fault.
    #[must_use]
    pub(crate) fn of(mut self, code: String, facts: Facts) -> Self {
        self.said.push(Said::new(code, facts));
        self
    }

    /// Adds a value that its own sentence, or what to do, names: that of its code.
    #[must_use]
    pub fn with_fact(mut self, name: &'static str, value: &dyn Display) -> Self {
        let code = &self.code;
        if let Some(own) = self.said.iter_mut().find(|said| said.name == *code) {
            own.facts.insert(name, value.to_string());
        }
        self
    }

    /// Adds raw text.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }
}

impl Said {
    pub(crate) fn new(name: impl Into<String>, facts: Facts) -> Self {
        let name = name.into();
        Self { name, facts }
    }

    /// A sentence with the values in it.
    pub fn of<const N: usize>(name: &str, facts: [(&'static str, &dyn Display); N]) -> Self {
        let facts = facts.map(|(name, value)| (name, value.to_string()));
        Self::new(name, facts.into())
    }
}

impl Sentences {
    pub(crate) fn add<const N: usize>(
        &mut self,
        name: &str,
        facts: [(&'static str, &dyn Display); N],
        text: impl Into<String>,
    ) {
        self.texts.push(text.into());
        self.said.push(Said::of(name, facts));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// All is well, and this is what there is to say.
    pub(crate) fn ok(self) -> Judgement {
        Judgement {
            said: self.said,
            ..Judgement::ok(self.texts.join(" "))
        }
    }

    /// Worth knowing.
    pub(crate) fn warning(self, code: &str, remedy: &str) -> Judgement {
        Judgement {
            said: self.said,
            ..Judgement::warning(code, self.texts.join(" "), remedy)
        }
    }
}

/// A fault that keeps the tunnel from working.
impl From<Fault> for Judgement {
    fn from(fault: Fault) -> Self {
        let said = vec![Said::new(fault.code.clone(), *fault.facts)];
        Self {
            said,
            ..Self::failed(fault.business, fault.code, fault.what, fault.remedy)
                .with_details(fault.details)
        }
    }
}

impl Fault {
    /// The same as a warning: what the check wanted to know stays unknown, and the tunnel can
    /// do without. `meaning` says so in a sentence, with its name.
    #[must_use]
    pub fn into_warning(self, meaning: (Said, &str)) -> Judgement {
        let (name, meaning) = meaning;
        let mut judgement = Judgement::from(self);
        judgement.verdict = Verdict::Warning;
        judgement.what = format!("{} {meaning}", judgement.what);
        judgement.said.push(name);
        judgement
    }

    /// What follows if a question was not answered that tunnels can do without: a warning, unless
    /// what keeps it from being answered keeps tunnels from working, too, as credentials do that are refused.
    pub(crate) fn of_side_question(self, meaning: (Said, &str)) -> Judgement {
        match self.business {
            Business::Credentials | Business::Settings => self.into(),
            Business::Listen
            | Business::Permission
            | Business::Target
            | Business::Network
            | Business::Service
            | Business::Protocol => self.into_warning(meaning),
        }
    }

    /// What follows if a question to AWS was not answered: a warning if it may not be asked, since
    /// whoever may start sessions need not be allowed to look at what they are started on; else
    /// the fault itself.
    pub(crate) fn of_question(self, meaning: (Said, &str)) -> Judgement {
        match self.business {
            Business::Permission => self.into_warning(meaning),
            Business::Settings
            | Business::Listen
            | Business::Credentials
            | Business::Target
            | Business::Network
            | Business::Service
            | Business::Protocol => self.into(),
        }
    }
}

impl Business {
    /// The exit code of the README.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Settings => 10,
            Self::Listen => 11,
            Self::Credentials => 12,
            Self::Permission => 13,
            Self::Target => 14,
            Self::Network => 15,
            Self::Service => 16,
            Self::Protocol => 17,
        }
    }
}

impl Finding {
    /// Whose business it is, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<Business> {
        match self.judgement.verdict {
            Verdict::Failed(business) => Some(business),
            Verdict::Ok | Verdict::Warning | Verdict::Skipped(_) => None,
        }
    }
}

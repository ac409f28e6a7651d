//! Trouble that goes on: told once it has lasted, and when it is over.

use aws_access::AccessError;
use tokio::time::Instant;
use tunnel_manager::tunnel::{Problem, SIGN_IN_PROBE};

use super::{CONNECTING, Narrator};

/// The tunnel is not up, or not well.
#[derive(Debug)]
pub(super) struct Trouble {
    /// When it is to be told, if it has not passed by then.
    due: Instant,
    /// What is to be told.
    sentence: String,
    /// For whom it is so, and until when, as that is now: told with the sentence, and no news by
    /// itself. Empty, or begins with a space.
    outlook: String,
    /// What was told of it last.
    pub(super) told: Option<String>,
    /// A drop has told how it ended.
    pub(super) ended: bool,
    /// What the user was asked to mend. Once he has, it is the reason that is told until the
    /// next answer comes, and no news.
    pub(super) asked_for: Option<Problem>,
}

impl Narrator {
    pub(super) fn trouble_due(&self) -> Option<Instant> {
        self.trouble
            .as_ref()
            .filter(|trouble| !trouble.ended && trouble.told.as_ref() != Some(&trouble.sentence))
            .map(|trouble| trouble.due)
    }

    pub(super) fn tell_trouble(&mut self, now: Instant) -> Option<String> {
        if self.trouble_due()? > now {
            return None;
        }
        let trouble = self.trouble.as_mut()?;
        trouble.told = Some(trouble.sentence.clone());
        Some(format!("{}{}", trouble.sentence, trouble.outlook))
    }

    /// Ends what was told of trouble; says so in the words given.
    pub(super) fn end_trouble(&mut self, words: &str) -> Option<String> {
        self.outage = None;
        let trouble = self.trouble.take()?;
        trouble.told.is_some().then(|| words.to_owned())
    }

    /// The user was told to mend something.
    pub(super) fn waits_for(&mut self, problem: &Problem) {
        if let Some(trouble) = &mut self.trouble {
            trouble.asked_for = Some(problem.clone());
        }
    }

    pub(super) fn has_run(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.sentence != CONNECTING)
    }

    pub(super) fn trouble(
        &mut self,
        now: Instant,
        due: Instant,
        sentence: String,
    ) -> Option<String> {
        self.note_trouble(due, sentence, String::new());
        self.tell_trouble(now)
    }

    /// Notes trouble, and for whom it is so, without telling it yet.
    pub(super) fn note_trouble(&mut self, due: Instant, sentence: String, outlook: String) {
        match &mut self.trouble {
            Some(trouble) => {
                trouble.due = trouble.due.min(due);
                trouble.sentence = sentence;
                trouble.outlook = outlook;
                trouble.ended = false;
            }
            None => {
                self.trouble = Some(Trouble {
                    due,
                    sentence,
                    outlook,
                    told: None,
                    ended: false,
                    asked_for: None,
                });
            }
        }
    }
}

/// When credentials are looked at again that only the user can renew: a sentence with a space
/// before it, or nothing for those that no look can renew.
pub(super) fn looks_again(problem: &Problem) -> String {
    if problem.code == AccessError::EXPIRED_ENVIRONMENT {
        return String::new();
    }
    let every = SIGN_IN_PROBE.as_secs();
    format!(" It looks again every {every} s, and as soon as the AWS files change.")
}

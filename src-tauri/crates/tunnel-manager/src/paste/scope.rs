//! Variables that the text itself sets.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::dialect::Dialect;
use super::lex::{Part, Word};
use super::{Fault, PasteError, TEXT_MOST};

/// Variables as they were.
pub(super) struct Kept(Vec<(String, Option<Option<String>>)>);

/// What one text may amount to when its variables are written out and its inner commands are
/// read, in bytes. Without variables no text comes near: an inner command is shorter than the
/// outer one, and they are [`DEPTH_MOST`](super::command::DEPTH_MOST) deep at most.
const WORK_MOST: usize = super::command::DEPTH_MOST * TEXT_MOST;

/// How much work a text has made so far: one count for it and for all texts within it.
#[derive(Clone, Default)]
pub(super) struct Work(Rc<Cell<usize>>);

impl Work {
    /// Notes work that is about to be done. Says whether it may be: once too much was asked
    /// for, no more is done.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let most = match self.is_too_much() {
            true => self.0.get(),
            false => self.0.get().saturating_add(bytes),
        };
        self.0.set(most);
        !self.is_too_much()
    }

    /// Whether more was asked for than one text may.
    pub(super) fn is_too_much(&self) -> bool {
        self.0.get() > WORK_MOST
    }
}

/// What the text says of variables and of the environment.
pub(super) struct Scope {
    dialect: Dialect,
    /// `None`: it is set, to something that can't be known.
    values: HashMap<String, Option<String>>,
    work: Work,
}

impl Scope {
    /// A scope without variables, whose work is counted with other scopes'.
    pub(super) fn new(dialect: Dialect, work: Work) -> Self {
        Self {
            dialect,
            values: HashMap::new(),
            work,
        }
    }

    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Sets a variable. What can't be known is no error before it is used.
    pub(super) fn set(&mut self, name: &str, value: &Word) {
        let value = self.resolve(value).ok();
        self.values.insert(self.key(name), value);
    }

    /// What these variables are now, to be restored later.
    pub(super) fn kept(&self, names: impl IntoIterator<Item = String>) -> Kept {
        let keys = names.into_iter().map(|name| self.key(&name));
        let of = |key: String| {
            let value = self.values.get(&key).cloned();
            (key, value)
        };
        Kept(keys.map(of).collect())
    }

    pub(super) fn restore(&mut self, kept: Kept) {
        for (key, value) in kept.0 {
            match value {
                Some(value) => self.values.insert(key, value),
                None => self.values.remove(&key),
            };
        }
    }

    /// The value of a variable of the environment, if the text says it.
    ///
    /// # Errors
    /// The text sets it to something that can't be known.
    pub(super) fn get(&self, name: &str, word: &Word) -> Result<Option<String>, PasteError> {
        match self.values.get(&self.key(name)) {
            Some(Some(value)) if value.is_empty() => Ok(None),
            Some(Some(value)) => Ok(Some(value.clone())),
            Some(None) => {
                let name = name.to_owned();
                Err(Fault::Variable { name }.at(word.place))
            }
            None => Ok(None),
        }
    }

    /// The text of a word.
    ///
    /// # Errors
    /// A part of it can't be known.
    pub(super) fn resolve(&self, word: &Word) -> Result<String, PasteError> {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => match self.values.get(&self.key(name)) {
                    // Values of values of values must not fill the memory.
                    Some(Some(value))
                        if text.len() + value.len() <= TEXT_MOST && self.work.take(value.len()) =>
                    {
                        text.push_str(value);
                    }
                    Some(_) | None => {
                        let name = name.clone();
                        return Err(Fault::Variable { name }.at(word.place));
                    }
                },
                Part::Output => return Err(Fault::CommandOutput.at(word.place)),
            }
        }
        Ok(text)
    }

    /// The text of a word that is a setting's value.
    ///
    /// # Errors
    /// A part of it can't be known, or it is yet to be filled in.
    pub(super) fn value(&self, word: &Word) -> Result<String, PasteError> {
        let text = self.resolve(word)?;
        if is_placeholder(&text) {
            return Err(Fault::Placeholder.at(word.place));
        }
        Ok(text)
    }

    fn key(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sh => name.to_owned(),
            Dialect::PowerShell | Dialect::Cmd => name.to_ascii_uppercase(),
        }
    }
}

/// Whether a value stands for one that is yet to be filled in, such as `<instance-id>`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let inner = text
        .trim()
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'));
    inner.is_some_and(|name| !name.is_empty() && !name.contains(['<', '>']))
}

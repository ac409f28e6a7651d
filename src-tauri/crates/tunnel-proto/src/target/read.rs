//! From a text to candidates.

use super::{CANDIDATES_MOST, Candidate, ID_MOST, KEY_MOST, Rule, TargetError, VALUE_MOST};

/// Reads candidates with commas between them.
pub(super) fn candidates(text: &str) -> Result<Vec<Candidate>, TargetError> {
    let mut rest = Rest(text);
    let mut candidates = Vec::new();
    loop {
        if candidates.len() == CANDIDATES_MOST {
            return Err(TargetError::TooMany);
        }
        candidates.push(candidate(&mut rest)?);
        rest.skip_spaces();
        if rest.0.is_empty() {
            return Ok(candidates);
        }
        // What is neither is told by whoever read what comes before.
        if !rest.take(",") {
            return Err(TargetError::Id);
        }
    }
}

fn candidate(rest: &mut Rest<'_>) -> Result<Candidate, TargetError> {
    rest.skip_spaces();
    if rest.take("name:") {
        let name = rest.value(&[])?;
        bounded(&name, 1, VALUE_MOST).ok_or(TargetError::Name)?;
        return Ok(Candidate::Name(name, rest.rule()?));
    }
    if rest.take("tag:") {
        let key = rest.value(&['='])?;
        bounded(&key, 1, KEY_MOST).ok_or(TargetError::Tag)?;
        if !rest.take("=") {
            return Err(TargetError::Tag);
        }
        let value = rest.value(&[])?;
        bounded(&value, 0, VALUE_MOST).ok_or(TargetError::Tag)?;
        let rule = rest.rule()?;
        return Ok(Candidate::Tag { key, value, rule });
    }
    let in_quotes = rest.0.starts_with('"');
    let id = rest.value(&[])?;
    if id.is_empty() {
        return Err(TargetError::Missing);
    }
    bounded(&id, 1, ID_MOST)
        .filter(|id| in_quotes || !id.contains(char::is_whitespace))
        .ok_or(TargetError::Id)?;
    if rest.0.starts_with('@') {
        return Err(TargetError::RuleOfId);
    }
    Ok(Candidate::Id(id))
}

/// A text whose length in characters is within bounds, and which steers nothing.
fn bounded(text: &str, least: usize, most: usize) -> Option<&str> {
    let fits = (least..=most).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then_some(text)
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn take(&mut self, prefix: &str) -> bool {
        match self.0.strip_prefix(prefix) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Reads a text in quotes, or one up to what ends it: a comma, `@`, or one of `further`.
    fn value(&mut self, further: &[char]) -> Result<String, TargetError> {
        if self.take("\"") {
            return self.quoted();
        }
        let ends = |c: char| matches!(c, ',' | '@') || further.contains(&c);
        let end = self.0.find(ends).unwrap_or(self.0.len());
        let (value, rest) = self.0.split_at(end);
        self.0 = rest;
        Ok(value.trim().to_owned())
    }

    /// Reads up to the quote that ends the text, and the spaces behind it.
    fn quoted(&mut self) -> Result<String, TargetError> {
        let mut value = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.0 = self.0[at + 1..].trim_start();
                    let ended = self.0.is_empty() || self.0.starts_with([',', '@', '=']);
                    return ended.then_some(value).ok_or(TargetError::Quote);
                }
                '\\' => match characters.next() {
                    Some((_, c @ ('"' | '\\'))) => value.push(c),
                    Some(_) | None => return Err(TargetError::Quote),
                },
                c => value.push(c),
            }
        }
        Err(TargetError::Quote)
    }

    /// Reads the rule behind a name or a tag, if there is one.
    fn rule(&mut self) -> Result<Rule, TargetError> {
        if self.0.starts_with('=') {
            // Only behind a quote: a plain value takes it as part of itself.
            return Err(TargetError::Quote);
        }
        if !self.take("@") {
            return Ok(Rule::default());
        }
        let end = self.0.find(',').unwrap_or(self.0.len());
        let (rule, rest) = self.0.split_at(end);
        self.0 = rest;
        match rule.trim() {
            "first-online" => Ok(Rule::FirstOnline),
            "newest" => Ok(Rule::Newest),
            _ => Err(TargetError::Rule),
        }
    }
}

//! The text, without what chat programs, wikis and word processors do to commands.

use super::dialect;
use super::{Fault, Note, Notice, PasteError, Place, TEXT_MOST};

/// The characters of a text, each with its place in what was pasted.
pub(super) struct Source {
    chars: Vec<char>,
    /// One more than there are characters: the last one is the end.
    places: Vec<Place>,
    typography: Option<Place>,
}

impl Source {
    /// # Errors
    /// The text is empty, too long, or has control characters.
    pub(super) fn new(text: &str) -> Result<Self, PasteError> {
        let begin = Place { line: 1, column: 1 };
        let mut source = Self::of_argument(text, begin)?;
        if source.chars.iter().all(|c| c.is_whitespace()) {
            return Err(Fault::Empty.at(begin));
        }
        source.without_fences();
        Ok(source)
    }

    /// One word of a command line, which may be empty.
    ///
    /// # Errors
    /// It is too long, or has control characters.
    pub(super) fn of_argument(text: &str, begin: Place) -> Result<Self, PasteError> {
        if text.len() > TEXT_MOST {
            return Err(Fault::TooLong { most: TEXT_MOST }.at(begin));
        }
        let quotes = Quotes::of(text);
        let mut source = Self {
            chars: Vec::with_capacity(text.len()),
            places: Vec::with_capacity(text.len() + 1),
            typography: None,
        };
        let mut place = begin;
        let all: Vec<char> = text.chars().collect();
        for (at, &raw) in all.iter().enumerate() {
            let neighbour = |step: isize| {
                at.checked_add_signed(step)
                    .and_then(|at| all.get(at))
                    .copied()
            };
            match plain(raw, neighbour(-1), neighbour(1), &quotes) {
                Plain::Same => source.push(raw, place),
                Plain::Instead(chars) => {
                    source.typography.get_or_insert(place);
                    for c in chars.chars() {
                        source.push(c, place);
                    }
                }
                Plain::Nothing => {}
                Plain::Refused => {
                    let code = u32::from(raw);
                    return Err(Fault::ControlCharacter { code }.at(place));
                }
            }
            let next = neighbour(1);
            if raw == '\n' || (raw == '\r' && next != Some('\n')) {
                place = Place {
                    line: place.line + 1,
                    column: 1,
                };
            } else {
                place.column += 1;
            }
        }
        source.places.push(place);
        Ok(source)
    }

    /// A part of a text as a text of its own, for a command within a command.
    pub(super) fn of_word(text: &str, place: Place) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let places = vec![place; chars.len() + 1];
        Self {
            chars,
            places,
            typography: None,
        }
    }

    pub(super) fn chars(&self) -> &[char] {
        &self.chars
    }

    /// The place of a character; the end for those behind it.
    pub(super) fn place(&self, at: usize) -> Place {
        let last = self.places.len().saturating_sub(1);
        self.places
            .get(at.min(last))
            .copied()
            .unwrap_or(Place { line: 1, column: 1 })
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        let note = self.typography.map(|place| Note {
            notice: Notice::Typography,
            place,
        });
        note.into_iter().collect()
    }

    /// The lines, each as the range of its characters without the line feed.
    pub(super) fn lines(&self) -> Vec<std::ops::Range<usize>> {
        let mut lines = Vec::new();
        let mut begin = 0;
        for (at, c) in self.chars.iter().enumerate() {
            if *c == '\n' {
                lines.push(begin..at);
                begin = at + 1;
            }
        }
        lines.push(begin..self.chars.len());
        lines
    }

    /// The same with blanks where prompts are. A line that goes on with the one before has none
    /// of its own.
    pub(super) fn without_prompts(&self) -> Self {
        let mut chars = self.chars.clone();
        let mut goes_on = false;
        for line in self.lines() {
            let text = &self.chars[line.clone()];
            if !goes_on && let Some(prompt) = dialect::prompt(text) {
                chars[line.start..line.start + prompt.length].fill(' ');
            }
            let last = text.iter().rfind(|c| !c.is_whitespace());
            goes_on = matches!(last, Some('\\' | '`' | '^'));
        }
        Self {
            chars,
            places: self.places.clone(),
            typography: self.typography,
        }
    }

    fn push(&mut self, c: char, place: Place) {
        self.chars.push(c);
        self.places.push(place);
    }

    /// Blanks what Markdown puts round a command: lines of three backticks, or one backtick at
    /// both ends.
    fn without_fences(&mut self) {
        for line in self.lines() {
            let text: String = self.chars[line.clone()].iter().collect();
            let text = text.trim();
            let info = text.strip_prefix("```").map(str::trim);
            if info.is_some_and(|info| info.chars().all(char::is_alphanumeric)) {
                self.chars[line].fill(' ');
            }
        }
        let ticks = self.chars.iter().filter(|c| **c == '`').count();
        let inked = |c: &char| !c.is_whitespace();
        let ends = (
            self.chars.iter().position(inked),
            self.chars.iter().rposition(inked),
        );
        if let (Some(first), Some(last)) = ends
            && ticks == 2
            && first < last
            && self.chars[first] == '`'
            && self.chars[last] == '`'
        {
            self.chars[first] = ' ';
            self.chars[last] = ' ';
        }
    }
}

/// Which straight quotes a text has. Typographic ones beside them are meant as they are.
struct Quotes {
    single: bool,
    double: bool,
}

impl Quotes {
    fn of(text: &str) -> Self {
        Self {
            single: text.contains('\''),
            double: text.contains('"'),
        }
    }
}

enum Plain {
    Same,
    Instead(&'static str),
    Nothing,
    Refused,
}

fn plain(c: char, before: Option<char>, after: Option<char>, quotes: &Quotes) -> Plain {
    match c {
        '\n' | '\t' => Plain::Same,
        '\r' if after == Some('\n') => Plain::Nothing,
        '\r' | '\u{2028}' | '\u{2029}' => Plain::Instead("\n"),
        c if c.is_control() => Plain::Refused,
        // They make a text look other than it is.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Plain::Refused,
        // Marks without a width: byte order, soft hyphen, joiners, direction.
        '\u{feff}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' => Plain::Nothing,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Plain::Instead(" ")
        }
        '“' | '”' | '„' | '‟' | '«' | '»' if !quotes.double => Plain::Instead("\""),
        '‘' | '’' | '‚' | '‛' if !quotes.single && !is_apostrophe(before, after) => {
            Plain::Instead("'")
        }
        // Hyphens that do not break, and minus signs.
        '‐' | '‑' | '−' => Plain::Instead("-"),
        // Two hyphens that became one dash. Only where an option begins.
        '–' | '—' | '―'
            if before.is_none_or(char::is_whitespace)
                && after.is_some_and(|c| c.is_ascii_alphabetic()) =>
        {
            Plain::Instead("--")
        }
        _ => Plain::Same,
    }
}

fn is_apostrophe(before: Option<char>, after: Option<char>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    letter(before) && letter(after)
}

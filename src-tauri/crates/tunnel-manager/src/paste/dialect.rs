//! Which shell a text was written for, by what only one of them has; and prompts in front.

use super::source::Source;

/// Whose rules of quoting apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// sh, bash, zsh.
    Sh,
    PowerShell,
    /// cmd.exe.
    Cmd,
}

/// A prompt is not longer than this, in characters.
const PROMPT_MOST: usize = 120;

/// Commands that lines with a prompt in question begin with.
const COMMANDS: [&str; 18] = [
    "aws",
    "aws2",
    "ssh",
    "autossh",
    "sudo",
    "env",
    "export",
    "set",
    "nohup",
    "exec",
    "time",
    "aws-vault",
    "aws-okta",
    "sh",
    "bash",
    "docker",
    "powershell",
    "cmd",
];

impl Dialect {
    /// The most likely one first.
    pub(super) fn candidates(source: &Source) -> [Self; 3] {
        // A prompt leaves no doubt.
        let prompted = source
            .lines()
            .into_iter()
            .find_map(|line| prompt(&source.chars()[line]));
        if let Some(prompt) = prompted {
            return match prompt.shell {
                Self::Sh => [Self::Sh, Self::PowerShell, Self::Cmd],
                Self::PowerShell => [Self::PowerShell, Self::Sh, Self::Cmd],
                Self::Cmd => [Self::Cmd, Self::PowerShell, Self::Sh],
            };
        }
        let evidence = Evidence::of(source);
        if evidence.powershell {
            [Self::PowerShell, Self::Sh, Self::Cmd]
        } else if evidence.cmd {
            [Self::Cmd, Self::PowerShell, Self::Sh]
        } else {
            [Self::Sh, Self::PowerShell, Self::Cmd]
        }
    }
}

#[derive(Default)]
struct Evidence {
    powershell: bool,
    cmd: bool,
}

impl Evidence {
    fn of(source: &Source) -> Self {
        let mut evidence = Self::default();
        let chars = source.chars();
        for line in source.lines() {
            match chars[line].iter().rfind(|c| !c.is_whitespace()) {
                Some('`') => evidence.powershell = true,
                Some('^') => evidence.cmd = true,
                Some(_) | None => {}
            }
        }
        for at in 0..chars.len() {
            let rest = &chars[at..];
            let before = at.checked_sub(1).and_then(|at| chars.get(at));
            let inside = before.is_some_and(|c| !c.is_whitespace());
            let begins = |text: &str| {
                let mut wanted = text.chars();
                let mut found = rest.iter();
                wanted.all(|c| found.next().is_some_and(|f| f.eq_ignore_ascii_case(&c)))
            };
            let third = rest.get(2).is_some_and(|c| c.is_alphanumeric());
            let doubled = |quotes: &str| begins(quotes) && inside && third;
            let escaped = begins("`\"") && third;
            evidence.powershell |= begins("$env:") || begins("--% ") || escaped || doubled("''");
            evidence.cmd |= doubled("\"\"") || is_percent_variable(rest);
        }
        evidence
    }
}

/// `%NAME%`, and not two bytes of an address such as `%AB%CD`.
fn is_percent_variable(rest: &[char]) -> bool {
    let Some(('%', rest)) = rest.split_first() else {
        return false;
    };
    let name = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
    let length = rest.iter().take(60).take_while(name).count();
    let begins = rest.first().is_some_and(|c| !c.is_ascii_digit());
    let hex = length == 2 && rest[..2].iter().all(char::is_ascii_hexdigit);
    length > 0 && begins && !hex && rest.get(length) == Some(&'%')
}

/// The shell's prompt at the begin of a line.
pub(super) struct Prompt {
    /// How many characters it has.
    pub(super) length: usize,
    shell: Dialect,
}

/// Finds the prompt that a line begins with.
pub(super) fn prompt(line: &[char]) -> Option<Prompt> {
    let begin = line.iter().position(|c| !c.is_whitespace())?;
    let text = &line[begin..line.len().min(begin + PROMPT_MOST)];
    let found = |length: usize, shell| {
        let length = begin + length;
        Some(Prompt { length, shell })
    };
    let greater = text.iter().position(|c| *c == '>');
    match (text, greater) {
        (['P', 'S', ' ' | '>', ..], Some(end)) => return found(end + 1, Dialect::PowerShell),
        (['A'..='Z' | 'a'..='z', ':', '\\', ..], Some(end)) => {
            return found(end + 1, Dialect::Cmd);
        }
        _ => {}
    }
    if begins_command(text) {
        return None;
    }
    let mark = |c: char| "$%#>❯➜»λ✗✔".contains(c);
    let ends = |at: usize| {
        text.get(at).copied().is_some_and(mark)
            && text.get(at + 1).is_some_and(|c| c.is_whitespace())
    };
    let quoted = text.iter().position(|c| matches!(c, '"' | '\'' | '='));
    let most = quoted.unwrap_or(text.len());
    let before_command = |at: &usize| ends(*at) && begins_command(&text[at + 1..]);
    if let Some(at) = (0..most).find(before_command) {
        return found(at + 1, Dialect::Sh);
    }
    let alone = matches!(text.first(), Some('$' | '❯' | '➜' | '»' | 'λ'));
    if alone && ends(0) {
        return found(1, Dialect::Sh);
    }
    None
}

fn begins_command(text: &[char]) -> bool {
    let word: String = text
        .iter()
        .skip_while(|c| c.is_whitespace())
        .take_while(|c| !c.is_whitespace())
        .collect();
    let lower = word.to_ascii_lowercase();
    let name = lower.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let assigned = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    COMMANDS.contains(&name) || assigned || lower.starts_with("$env:") || word.contains("://")
}

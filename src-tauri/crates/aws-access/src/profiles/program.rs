//! Whether the program of a `credential_process` is there.

use std::path::Path;

/// What a shell brings with it, so that no file of the name need be there (POSIX, Shell Command
/// Language, sections 2.14 and 2.9.1.4).
const BUILT_IN: [&str; 25] = [
    ".", ":", "[", "alias", "cd", "command", "echo", "eval", "exec", "exit", "export", "false",
    "if", "for", "printf", "pwd", "read", "return", "set", "shift", "source", "test", "trap",
    "true", "while",
];

/// Whether a program is certainly missing. What only a shell could say counts as being there.
pub(super) fn is_missing(program: &str, home: Option<&Path>, programs: Option<&str>) -> bool {
    let is_plain = program
        .chars()
        .all(|c| c.is_alphanumeric() || "/._-+~ :\\".contains(c));
    if !is_plain || program.is_empty() || BUILT_IN.contains(&program) {
        return false;
    }
    if let Some(rest) = program.strip_prefix("~/") {
        return home.is_some_and(|home| !home.join(rest).exists());
    }
    // A relative one depends on where the program is started.
    if program.contains(['/', '\\']) {
        return Path::new(program).is_absolute() && !Path::new(program).exists();
    }
    programs.is_some_and(|programs| {
        !std::env::split_paths(programs).any(|folder| is_in(&folder, program))
    })
}

fn is_in(folder: &Path, program: &str) -> bool {
    let bare = folder.join(program);
    bare.is_file()
        || (cfg!(windows)
            && ["exe", "cmd", "bat"]
                .iter()
                .any(|e| bare.with_extension(e).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_missing_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("helper"), "").unwrap();
        let home = Some(folder.path());
        let programs = folder.path().to_str();
        let there = folder.path().join("helper");
        let not_there = folder.path().join("none");
        for (program, expected) in [
            (there.to_str().unwrap(), false),
            (not_there.to_str().unwrap(), true),
            ("helper", false),
            ("none", true),
            ("~/helper", false),
            ("~/none", true),
            ("./none", false),
            ("$HOME/none", false),
            ("KEY=value", false),
            ("echo", false),
            ("", false),
        ] {
            assert_eq!(is_missing(program, home, programs), expected, "{program}");
        }
    }
}

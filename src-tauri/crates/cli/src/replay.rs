//! `culvert replay`: a recorded session once more, in virtual time, with the engine as it is now. For
//! those who look into a bundle.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args as ClapArgs;
use serde::Deserialize;
use tunnel_manager::tunnel::{
    Problem, ProblemKind, RECORDING_VERSION, Recording, Replayed, Sums, replay,
};

use crate::exit::Exit;
use crate::output::{Output, say};
use crate::words::one_line;

/// No recording is longer, bytes: 4,096 frames of 150 each are half of it.
const MOST: u64 = 2 << 20;

/// So many messages that were sent again otherwise are named.
const RESENT_MOST: usize = 10;

#[derive(Debug, ClapArgs)]
pub(crate) struct Replay {
    /// A recording, as a bundle has them in recordings/
    file: PathBuf,
}

/// Prints what the engine makes of it. Succeeds if it does what it did then.
pub(crate) fn run(wanted: &Replay) -> Exit {
    let recording = match read(&wanted.file) {
        Ok(recording) => recording,
        Err(problem) => {
            Output::Text.failed(&problem);
            return Exit::from(&problem);
        }
    };
    let replayed = replay(&recording, Instant::now());
    for line in lines(&recording, &replayed) {
        say(&line);
    }
    match replayed.agrees(&recording) {
        true => Exit::Success,
        false => Exit::Failure,
    }
}

fn read(path: &Path) -> Result<Recording, Problem> {
    let no = |why: String| {
        Problem::new(
            ProblemKind::Settings,
            "recording-unreadable",
            format!(
                "{} is no recording that can be played: {why}.",
                path.display()
            ),
            "Take a file of the folder recordings of an unpacked bundle.",
        )
    };
    let text = text_of(path).map_err(|error| no(error.to_string()))?;
    // Looked at first: what a later version writes may not be read here at all.
    let Form { version } = serde_json::from_str(&text).map_err(|error| no(error.to_string()))?;
    if version > RECORDING_VERSION {
        return Err(Problem::new(
            ProblemKind::Settings,
            "recording-newer",
            format!(
                "{} was recorded by a later version of Culvert: its form is {version}, and this one plays \
                 forms up to {RECORDING_VERSION}.",
                path.display()
            ),
            "Play it with that version, or a later one.",
        ));
    }
    serde_json::from_str(&text).map_err(|error| no(error.to_string()))
}

/// What each form of a recording has.
#[derive(Deserialize)]
struct Form {
    /// The first had none.
    #[serde(default)]
    version: u32,
}

fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

fn lines(recording: &Recording, replayed: &Replayed) -> Vec<String> {
    let mut lines: Vec<_> = replayed
        .steps
        .iter()
        .map(|step| {
            let (seconds, micros) = (step.us / 1_000_000, step.us % 1_000_000);
            format!("{seconds:>7}.{micros:06} s  {}", one_line(&step.what))
        })
        .collect();
    lines.push(format!(
        "then: {}",
        sums(replayed.recorded, &recording.outcome)
    ));
    lines.push(format!(
        "now:  {}",
        sums(replayed.played, &replayed.outcome)
    ));
    if replayed.held_back > 0 {
        lines.push(format!(
            "{} messages that went out then are held back now",
            replayed.held_back
        ));
    }
    if replayed.unacknowledged > 0 {
        lines.push(format!(
            "{} messages that were acknowledged then are not now",
            replayed.unacknowledged
        ));
    }
    match &replayed.resent {
        Some(resent) => lines.extend(resent.iter().take(RESENT_MOST).map(|one| {
            format!(
                "message {} was sent again {} times then, {} times now",
                one.sequence, one.recorded, one.played
            )
        })),
        None => lines.push(
            "what was sent again is not compared: the recording does not begin with its session, or \
             it is encrypted"
                .to_owned(),
        ),
    }
    lines.push(match replayed.agrees(recording) {
        true => "The engine does what it did then.".to_owned(),
        false => "The engine does something else than it did then.".to_owned(),
    });
    lines
}

fn sums(sums: Sums, outcome: &Option<String>) -> String {
    let Sums {
        sent,
        sent_again,
        acknowledged,
        pings,
    } = sums;
    let end = match outcome {
        Some(code) => format!("ended ({})", one_line(code)),
        None => "went on".to_owned(),
    };
    format!(
        "{sent} messages sent, {sent_again} sent again, {acknowledged} acknowledgements, {pings} \
         pings, {end}"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_a_later_version_has_recorded_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1.json");
        for (text, code) in [
            (r#"{"version":9,"new":[]}"#, "recording-newer"),
            (r#"{"version":1}"#, "recording-unreadable"),
            ("[]", "recording-unreadable"),
        ] {
            fs::write(&path, text).expect("written");
            assert_eq!(read(&path).expect_err("no recording").code, code);
        }
    }
}

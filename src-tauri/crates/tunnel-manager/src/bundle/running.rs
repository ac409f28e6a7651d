//! What the programs that run say: how their tunnels are now, and what their flight recorders hold.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use redact::{Kind, Redactor};
use serde_json::json;
use tunnel::{BindAddress, Listen, SessionRecording, TunnelConfig};
use tunnel_proto::{RecordedFrame, Recording};

use super::chosen::Chosen;
use super::day_time::utc;
use super::named::node;
use super::{BundleFile, Gathered, Lack, Raw};
use crate::control::{Answer, Asked, Question, ask_within};
use crate::history::{Entry, TunnelName};
use crate::recordings::{self, KeptRecording};
use crate::roll::{SessionFigures, TunnelFigures};
use crate::traces::{RECORDINGS, Traces};

/// Recordings that a bundle has, at most: 10 MB before they are compressed.
const RECORDINGS_MOST: usize = 24;

/// What was answered, of the tunnels that it is about.
#[derive(Debug, Default)]
pub(super) struct Running {
    sessions: Vec<SessionFigures>,
    /// Session ids that the recordings are of.
    recorded: Vec<String>,
    recordings: Vec<Recording>,
}

/// What the programs that run have answered.
#[derive(Debug)]
pub(super) struct Heard {
    statuses: Asked,
    recordings: Asked,
}

impl Heard {
    /// Asks them, and takes so long at most.
    pub(super) async fn of_all(patience: Duration) -> Self {
        let (statuses, recordings) = tokio::join!(
            ask_within(Question::Status, patience),
            ask_within(Question::Recordings, patience)
        );
        Self {
            statuses,
            recordings,
        }
    }

    /// What they have carried that is not in the history yet.
    pub(super) fn pending(&self) -> Vec<Entry> {
        self.statuses.pending()
    }

    /// What those of their tunnels are called that were never saved.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = String> {
        let of = self.figures().map(|figures| &figures.tunnel);
        let unsaved = of.filter(|tunnel| tunnel.id.is_none());
        unsaved.map(|tunnel| tunnel.name.clone())
    }

    /// The names of those among these tunnels that run and listen where their settings say.
    pub(super) fn names_of(&self, tunnels: &[TunnelConfig]) -> Vec<String> {
        let runs = |tunnel: &&TunnelConfig| {
            self.figures().any(|figures| {
                figures.tunnel.name == tunnel.name
                    && has_place(&figures.snapshot.addresses, &tunnel.listen)
            })
        };
        let running = tunnels.iter().filter(runs);
        running.map(|tunnel| tunnel.name.clone()).collect()
    }

    fn figures(&self) -> impl Iterator<Item = &TunnelFigures> {
        let answers = self.statuses.answers.iter();
        answers.flat_map(|answer| &answer.tunnels)
    }
}

/// Whether one of the places where a tunnel listens is what its settings want.
fn has_place(addresses: &[String], wanted: &Listen) -> bool {
    addresses.iter().any(|address| match &wanted.address {
        BindAddress::Unix(path) => Path::new(address) == path,
        BindAddress::Localhost => socket(address)
            .is_some_and(|socket| socket.ip().is_loopback() && socket.port() == wanted.port),
        BindAddress::Ip(ip) => socket(address) == Some(SocketAddr::new(*ip, wanted.port)),
    })
}

fn socket(address: &str) -> Option<SocketAddr> {
    address.parse().ok()
}

/// What those have left that are over.
#[derive(Debug, Default)]
pub(super) struct Left {
    recordings: Vec<KeptRecording>,
    lacks: Vec<Lack>,
}

/// Takes what they have said, and what was left.
pub(super) fn gather(heard: Heard, left: Left, chosen: &Chosen, gathered: &mut Gathered) {
    let Left {
        recordings: kept,
        lacks,
    } = left;
    let Heard {
        statuses,
        recordings,
    } = heard;
    gathered.lacks.extend(lacks);
    let silent: BTreeSet<u32> = statuses
        .silent
        .into_iter()
        .chain(recordings.silent)
        .collect();
    let silent = silent.into_iter().map(Lack::silent_program);
    gathered.lacks.extend(silent);
    take(statuses.answers, recordings.answers, kept, chosen, gathered);
}

/// Reads the recordings that lie on the disk. Blocks.
pub(super) fn left(since: u64) -> Left {
    let Some(folder) = Traces::folder_of_user().map(|folder| folder.join(RECORDINGS)) else {
        return Left::default();
    };
    match recordings::read(&folder, since) {
        Ok((recordings, unreadable)) => Left {
            recordings,
            lacks: match unreadable {
                0 => Vec::new(),
                some => vec![Lack::recordings_unread(some)],
            },
        },
        Err(error) => Left {
            recordings: Vec::new(),
            lacks: vec![Lack::unread(&folder, &error)],
        },
    }
}

fn take(
    statuses: Vec<Answer>,
    recordings: Vec<Answer>,
    kept: Vec<KeptRecording>,
    chosen: &Chosen,
    gathered: &mut Gathered,
) {
    let wanted = |tunnel: &TunnelName| chosen.wants(tunnel);
    // Of all: the log tells of those as well that it is not about.
    let of_running = statuses.iter().chain(&recordings);
    let of_running = of_running.flat_map(|answer| {
        let figures = answer.tunnels.iter().map(|figures| &figures.tunnel);
        figures.chain(answer.recordings.iter().map(|recorded| &recorded.tunnel))
    });
    for tunnel in of_running.chain(kept.iter().map(|kept| &kept.tunnel)) {
        gathered.named.tunnel(tunnel);
    }
    let mut lines = Vec::new();
    for answer in statuses {
        let of = answer.tunnels.into_iter();
        for figures in of.filter(|figures| wanted(&figures.tunnel)) {
            lines.push(line(answer.pid, &answer.program, &answer.version, &figures));
            gathered.running.sessions.extend(figures.sessions);
        }
    }
    if lines.is_empty() {
        lines.push("No such tunnel runs now, or none that can be asked.".to_owned());
    }
    gathered.files.push(Raw {
        path: "now.jsonl".to_owned(),
        text: lines.join("\n") + "\n",
    });
    let all = recordings.into_iter().flat_map(|answer| answer.recordings);
    let of_wanted = all.filter(|of| wanted(&of.tunnel));
    let of_running = of_wanted.flat_map(|of| {
        let name = of.tunnel.name;
        let sessions = of.sessions.into_iter();
        sessions.map(move |session| {
            let how = if session.ended { "over" } else { "lives" };
            (name.clone(), session, how.to_owned())
        })
    });
    let mut all: Vec<_> = of_running.collect();
    for KeptRecording {
        at,
        tunnel,
        session,
    } in kept
    {
        // What a program that runs can say of a session is newer.
        let is_known = |(_, known, _): &(String, SessionRecording, String)| {
            known.session_id == session.session_id
        };
        if wanted(&tunnel) && !all.iter().any(is_known) {
            all.push((tunnel.name, session, format!("kept at {}", utc(at))));
        }
    }
    let mut index = Vec::new();
    let mut left_out = 0;
    for (tunnel, session, how) in all {
        if index.len() == RECORDINGS_MOST {
            left_out += 1;
            continue;
        }
        let recording = session.recording.checked();
        let id = session
            .session_id
            .unwrap_or_else(|| "not known yet".to_owned());
        index.push(format!(
            "{}: tunnel {tunnel}, session {id}, {how}, ended by its own judgement: {}, {} frames, {} \
             forgotten",
            path_of(index.len()),
            recording.outcome.as_deref().unwrap_or("no"),
            recording.frames.len(),
            recording.left_out
        ));
        gathered.running.recorded.push(id);
        gathered.running.recordings.push(recording);
    }
    if left_out > 0 {
        gathered.lacks.push(Lack::recordings_no_room(left_out));
    }
    if !index.is_empty() {
        gathered.files.push(Raw {
            path: "recordings/index.txt".to_owned(),
            text: index.join("\n") + "\n",
        });
    }
}

fn line(pid: u32, program: &str, version: &str, figures: &TunnelFigures) -> String {
    json!({ "pid": pid, "program": program, "version": version, "now": figures }).to_string()
}

fn path_of(index: usize) -> String {
    format!("recordings/{}.json", index + 1)
}

impl Running {
    /// What its fields name.
    pub(super) fn learn(&self, redactor: &mut Redactor) {
        for session in &self.sessions {
            redactor.learn(
                Kind::Session,
                session.session_id.as_deref().unwrap_or_default(),
            );
            if let Some(id) = &session.node {
                redactor.learn(node(id), id);
            }
        }
        for id in &self.recorded {
            redactor.learn(Kind::Session, id);
        }
    }

    /// The recordings as files. Their type holds numbers and words of our own and nothing else, so
    /// there is nothing to replace, and a number that looks like an account's stays what it is.
    pub(super) fn files(&self) -> impl Iterator<Item = BundleFile> {
        let recordings = self.recordings.iter().enumerate();
        recordings.map(|(index, recording)| BundleFile {
            path: path_of(index),
            text: text_of(recording),
            replaced: Vec::new(),
        })
    }
}

/// JSON with a frame a line.
fn text_of(recording: &Recording) -> String {
    let head = Recording {
        frames: Vec::new(),
        ..recording.clone()
    };
    let head = serde_json::to_string(&head).unwrap_or_default();
    let frame = |frame: &RecordedFrame| serde_json::to_string(frame).unwrap_or_default();
    let frames: Vec<_> = recording.frames.iter().map(frame).collect();
    match head.strip_suffix("]}") {
        Some(head) => format!("{head}\n{}\n]}}\n", frames.join(",\n")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use tunnel_proto::{Snapshot, State};

    use super::*;
    use crate::roll::TunnelRecordings;

    fn answer(recordings: Vec<TunnelRecordings>) -> Answer {
        Answer {
            pid: 7,
            program: "culvert".to_owned(),
            version: "1".to_owned(),
            tunnels: vec![TunnelFigures {
                tunnel: TunnelName::new(None, "Orders"),
                snapshot: Snapshot::new(State::Up { since: 1 }, Vec::new()),
                drops: Default::default(),
                reconnects: Default::default(),
                sessions: Vec::new(),
            }],
            pending: Vec::new(),
            log: None,
            recordings,
        }
    }

    #[test]
    fn a_recording_is_a_file_that_can_be_read_again_and_has_no_text_of_others() {
        let recording = Recording {
            version: tunnel_proto::RECORDING_VERSION,
            settings: tunnel_proto::RecordedSettings::default(),
            began: 1_795_262_400_000,
            left_out: 3,
            outcome: Some("Nina's".to_owned()),
            until: 123_456_789_012,
            frames: Vec::new(),
        };
        let recordings = TunnelRecordings {
            tunnel: TunnelName::new(None, "Orders"),
            sessions: vec![SessionRecording {
                session_id: Some("nina-0abc".to_owned()),
                ended: true,
                recording: recording.clone(),
            }],
        };
        let mut gathered = Gathered::default();
        let answers = || vec![answer(vec![recordings.clone()])];
        let kept = |id: &str| KeptRecording {
            at: 1_795_262_400_000,
            tunnel: TunnelName::new(None, "Orders"),
            session: SessionRecording {
                session_id: Some(id.to_owned()),
                ended: false,
                recording: recording.clone(),
            },
        };
        // Of what is said by a program that runs, nothing older is told.
        let left = vec![kept("nina-0abc"), kept("nina-0def")];
        take(answers(), answers(), left, &Chosen(None), &mut gathered);
        assert_eq!(gathered.running.files().count(), 2);
        let index = &gathered.files[1].text;
        assert!(index.contains("session nina-0abc, over,"), "{index}");
        assert!(
            index.contains("session nina-0def, kept at 2026-11-21 "),
            "{index}"
        );
        let files: Vec<_> = gathered.running.files().collect();
        assert_eq!(files[0].path, "recordings/1.json");
        let again: Recording = serde_json::from_str(&files[0].text).unwrap();
        assert_eq!(again, recording.clone().checked());
        assert!(!files[0].text.contains("Nina"));
        // Of other tunnels nothing is taken.
        let mut gathered = Gathered::default();
        let left = vec![kept("nina-0def")];
        take(
            answers(),
            answers(),
            left,
            &Chosen(Some(Vec::new())),
            &mut gathered,
        );
        assert_eq!(gathered.running.files().count(), 0);
        assert!(gathered.files[0].text.contains("No such tunnel"));
    }
}

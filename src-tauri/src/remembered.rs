//! What the window remembers from one start to the next: where it was, and what it has said once.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tunnel_manager::{remove_leftovers, replace_file};

/// In the folder for what the program keeps.
const FILE: &str = "window.json";

/// The file is a few lines; whatever is larger is not ours.
const BYTES_MOST: u64 = 16 * 1024;

/// So much of a window's upper edge has to be on a display for somebody to take hold of it.
const HOLD: Size = Size {
    width: 80,
    height: 24,
};

/// What is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Remembered {
    /// Where the window was last, while it did not fill its display.
    pub(crate) frame: Option<Frame>,
    /// It filled its display.
    pub(crate) maximized: bool,
    /// It was said that the program goes on without its window.
    pub(crate) closing_told: bool,
}

/// A rectangle of the desktop, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A size of the desktop, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

/// The file. Without a folder nothing is kept.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Option<PathBuf>);

impl Memory {
    /// Keeps it in this folder, which is made when there is something to keep.
    pub(crate) fn in_folder(folder: Option<&Path>) -> Self {
        Self(folder.map(|folder| folder.join(FILE)))
    }

    /// What was kept. A file that can't be read or understood is as none: there is nothing in it
    /// that anybody would miss.
    pub(crate) fn read(&self) -> Remembered {
        let Some(path) = &self.0 else {
            return Remembered::default();
        };
        // The program runs once: nobody writes it now.
        remove_leftovers(path);
        let read = || {
            let mut text = String::new();
            File::open(path)?
                .take(BYTES_MOST)
                .read_to_string(&mut text)?;
            Ok::<_, io::Error>(serde_json::from_str(&text)?)
        };
        match read() {
            Ok(remembered) => remembered,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::info!(%error, path = %path.display(), "the window begins anew");
                }
                Remembered::default()
            }
        }
    }

    /// Replaces what was kept, as a whole: whoever is killed meanwhile leaves the old.
    pub(crate) fn write(&self, remembered: &Remembered) {
        let Some(path) = &self.0 else {
            return;
        };
        let written = serde_json::to_vec_pretty(remembered)
            .map_err(io::Error::from)
            .and_then(|bytes| replace_file(path, &bytes));
        if let Err(error) = written {
            tracing::info!(%error, path = %path.display(), "the window is not remembered");
        }
    }
}

/// The frame if somebody could take hold of it on one of these displays; else only its size, no
/// larger than the first of them.
pub(crate) fn fit(frame: Frame, displays: &[Frame]) -> (Option<(i32, i32)>, (u32, u32)) {
    let held = displays.iter().any(|display| {
        let width = overlap(frame.x, frame.width, display.x, display.width);
        let height = overlap(frame.y, HOLD.height, display.y, display.height);
        width >= i64::from(HOLD.width) && height >= i64::from(HOLD.height)
    });
    let room = displays
        .first()
        .map_or((frame.width, frame.height), |display| {
            (display.width, display.height)
        });
    let size = (frame.width.min(room.0), frame.height.min(room.1));
    if held {
        (Some((frame.x, frame.y)), (frame.width, frame.height))
    } else {
        (None, size)
    }
}

/// How far two spans overlap.
fn overlap(a: i32, a_length: u32, b: i32, b_length: u32) -> i64 {
    let end = |begin: i32, length: u32| i64::from(begin) + i64::from(length);
    end(a, a_length).min(end(b, b_length)) - i64::from(a.max(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISPLAY: Frame = Frame {
        x: 0,
        y: 0,
        width: 1280,
        height: 900,
    };

    fn at(x: i32, y: i32) -> Frame {
        Frame {
            x,
            y,
            width: 960,
            height: 660,
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("not/yet/there");
        let memory = Memory::in_folder(Some(&inner));
        assert_eq!(memory.read(), Remembered::default());
        let kept = Remembered {
            frame: Some(at(-3, 7)),
            maximized: true,
            closing_told: true,
        };
        memory.write(&kept);
        assert_eq!(memory.read(), kept);
        assert_eq!(std::fs::read_dir(&inner).expect("there").count(), 1);
    }

    #[test]
    fn a_file_that_says_nonsense_is_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::in_folder(Some(folder.path()));
        let huge = "9".repeat(1 << 20);
        for text in ["", "{", "[]", r#"{"frame": 7}"#, "\0", &huge] {
            std::fs::write(folder.path().join(FILE), text).expect("writable");
            assert_eq!(memory.read(), Remembered::default(), "{text:.20}");
        }
        std::fs::write(
            folder.path().join(FILE),
            r#"{"closingTold": true, "new": 1}"#,
        )
        .expect("writable");
        assert!(memory.read().closing_told);
    }

    #[test]
    fn where_nothing_can_be_kept_nothing_breaks() {
        Memory::in_folder(None).write(&Remembered::default());
        assert_eq!(Memory::in_folder(None).read(), Remembered::default());
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("writable");
        Memory::in_folder(Some(&file)).write(&Remembered::default());
    }

    #[test]
    fn a_window_comes_back_where_it_was() {
        let second = Frame { x: 1280, ..DISPLAY };
        for frame in [at(0, 0), at(300, 200), at(-800, 0), at(1300, 10)] {
            let place = fit(frame, &[DISPLAY, second]);
            assert_eq!(place, (Some((frame.x, frame.y)), (960, 660)));
        }
    }

    #[test]
    fn a_window_of_a_display_that_is_gone_comes_back_where_it_can_be_seen() {
        for frame in [at(1300, 10), at(-950, 0), at(0, 890), at(0, -30)] {
            assert_eq!(fit(frame, &[DISPLAY]), (None, (960, 660)), "{frame:?}");
        }
        let large = Frame {
            x: 5000,
            y: i32::MAX,
            width: u32::MAX,
            height: 3000,
        };
        assert_eq!(fit(large, &[DISPLAY]), (None, (1280, 900)));
        assert_eq!(fit(at(0, 0), &[]), (None, (960, 660)));
    }
}

//! The program round its window: what it asks there, how it is closed and quit.

pub(crate) mod view;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tauri::AppHandle;
use tauri::ipc::Channel;
use tokio::sync::watch;
use tunnel_manager::{Manager, Overview, ProfileId, SettingsKeeper};
use tunnel_proto::Problem;

use crate::ending;
use crate::remembered::{Memory, Remembered};
use crate::telling::Teller;
use crate::tray::Host;
use crate::view::ProblemView;
use crate::window;
use view::{AnswerView, QuestionView, SelectedView, ShellView, WayBackView};

/// What the window is asked and told that is not of tunnels.
pub(crate) struct Shell {
    manager: Manager,
    settings: SettingsKeeper,
    host: watch::Receiver<Host>,
    view: watch::Sender<ShellView>,
    memory: Memory,
    remembered: Mutex<Remembered>,
    /// Tells the window.
    teller: Teller,
}

/// What becomes of the wish to close the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It goes; the program stays.
    Hide,
    /// First it says what that means.
    Explain(WayBackView),
    /// Nothing could bring it back, so the program ends with it.
    Quit,
}

impl Shell {
    pub(crate) fn new(
        manager: Manager,
        settings: SettingsKeeper,
        host: watch::Receiver<Host>,
        folder: Option<&Path>,
        unkept: Option<&Problem>,
    ) -> Self {
        let memory = Memory::in_folder(folder);
        Self {
            manager,
            settings,
            host,
            view: watch::Sender::new(ShellView {
                unkept: unkept.map(ProblemView::from),
                ..ShellView::default()
            }),
            remembered: Mutex::new(memory.read()),
            memory,
            teller: Teller::default(),
        }
    }

    /// Sends what there is to tell, now and whenever it changes. A later subscription replaces an
    /// earlier one.
    pub(crate) fn subscribe(&self, channel: Channel<ShellView>) {
        let mut view = self.view.subscribe();
        let task = tauri::async_runtime::spawn(async move {
            loop {
                let now = view.borrow_and_update().clone();
                if channel.send(now).is_err() || view.changed().await.is_err() {
                    return;
                }
            }
        });
        self.teller.replace(Some(task));
    }

    pub(crate) fn remembered(&self) -> Remembered {
        *self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a change for the next start.
    pub(crate) fn remember(&self, change: impl FnOnce(&mut Remembered)) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = *remembered;
        change(&mut remembered);
        if *remembered != before {
            self.memory.write(&remembered);
        }
    }

    /// Decides what becomes of the wish to close the window.
    pub(crate) fn close(&self) -> Closing {
        let closing = closing(
            *self.host.borrow(),
            self.remembered().closing_told,
            self.question().as_ref(),
        );
        match &closing {
            // Whoever does not answer and closes the window wants nothing to end.
            Closing::Hide => {
                if let Some(QuestionView::Closing { .. }) = self.question() {
                    self.remember(|remembered| remembered.closing_told = true);
                }
                self.ask(None);
            }
            Closing::Explain(way) => self.ask(Some(QuestionView::Closing { way: *way })),
            Closing::Quit => {}
        }
        closing
    }

    /// Ends the program, after asking if that would break connections.
    pub(crate) fn quit(&self, app: &AppHandle) {
        let asks = self.settings.settings().quit_asks;
        let breaks = asks && breaks_connections(&self.manager.overview().borrow());
        if breaks && window::show(app) {
            self.ask(Some(QuestionView::Quitting));
        } else {
            ending::begin(app);
        }
    }

    /// Does what the user has answered. An answer to a question that does not stand any more
    /// does nothing.
    pub(crate) fn answer(&self, app: &AppHandle, answer: AnswerView) {
        let Some(question) = self.question() else {
            return;
        };
        self.ask(None);
        match (question, answer) {
            (_, AnswerView::Stay) => {}
            (QuestionView::Closing { .. }, AnswerView::CloseWindow) => {
                self.remember(|remembered| remembered.closing_told = true);
                window::close(app);
            }
            (QuestionView::Closing { .. }, AnswerView::Quit) => self.quit(app),
            // Whether a tunnel may start is answered with a command of its own.
            (QuestionView::Quitting, AnswerView::CloseWindow)
            | (QuestionView::Production { .. }, _) => {}
            (QuestionView::Quitting, AnswerView::Quit) => ending::begin(app),
        }
    }

    /// Asks whether a tunnel to production may start. A question that stands already comes first:
    /// whoever answers it can choose the tunnel again.
    pub(crate) fn ask_for_consent(&self, app: &AppHandle, id: ProfileId) {
        let other = self.question().is_some_and(|question| match question {
            QuestionView::Closing { .. } | QuestionView::Quitting => true,
            QuestionView::Production { .. } => false,
        });
        if !other && window::show(app) {
            let tunnel = id.to_string();
            self.ask(Some(QuestionView::Production { tunnel }));
        }
    }

    /// The tunnel has been started: it is not asked any more.
    pub(crate) fn has_consent(&self, id: ProfileId) {
        if let Some(QuestionView::Production { tunnel }) = self.question()
            && tunnel == id.to_string()
        {
            self.ask(None);
        }
    }

    /// Leads the user to a tunnel.
    pub(crate) fn select(&self, id: ProfileId) {
        self.lead(id, false);
    }

    /// Signs the user in for a tunnel, who has just said so.
    pub(crate) fn sign_in(&self, id: ProfileId) {
        self.lead(id, true);
    }

    fn lead(&self, id: ProfileId, signs_in: bool) {
        self.view.send_modify(|view| {
            let before = view.selected.as_ref().map_or(0, |selected| selected.number);
            view.selected = Some(SelectedView {
                tunnel: id.to_string(),
                signs_in,
                number: before.wrapping_add(1),
            });
        });
    }

    fn question(&self) -> Option<QuestionView> {
        self.view.borrow().question.clone()
    }

    fn ask(&self, question: Option<QuestionView>) {
        self.view.send_if_modified(|view| {
            let changes = view.question != question;
            view.question = question;
            changes
        });
    }
}

/// What becomes of the wish to close the window, from whether there is a tray, whether it was
/// ever said what closing means, and what is being asked.
fn closing(host: Host, told: bool, question: Option<&QuestionView>) -> Closing {
    let way = match host {
        Host::There => WayBackView::Tray,
        Host::Unknown | Host::Absent => WayBackView::SecondStart,
        Host::NoBus => return Closing::Quit,
    };
    // Pages that do not answer must not keep their window open.
    if told || question.is_some() {
        Closing::Hide
    } else {
        Closing::Explain(way)
    }
}

/// Whether connections would break if the tunnels ended now.
fn breaks_connections(overview: &Overview) -> bool {
    let mut snapshots = overview.tunnels.iter().map(|tunnel| &tunnel.snapshot);
    snapshots.any(|snapshot| snapshot.connections > 0 || snapshot.waiting > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{overview, tunnel, up};

    #[test]
    fn closing_is_explained_once_and_then_hides() {
        let tray = Closing::Explain(WayBackView::Tray);
        assert_eq!(closing(Host::There, false, None), tray);
        let start = Closing::Explain(WayBackView::SecondStart);
        assert_eq!(closing(Host::Absent, false, None), start);
        assert_eq!(closing(Host::Unknown, false, None), start);
        for host in [Host::There, Host::Absent, Host::Unknown] {
            assert_eq!(closing(host, true, None), Closing::Hide);
        }
    }

    #[test]
    fn whoever_closes_the_window_instead_of_answering_has_it_closed() {
        let asked = QuestionView::Closing {
            way: WayBackView::Tray,
        };
        let production = QuestionView::Production {
            tunnel: String::new(),
        };
        for question in [asked, QuestionView::Quitting, production] {
            assert_eq!(closing(Host::There, false, Some(&question)), Closing::Hide);
        }
    }

    #[test]
    fn where_nothing_could_bring_the_window_back_closing_it_quits() {
        for told in [true, false] {
            assert_eq!(closing(Host::NoBus, told, None), Closing::Quit);
        }
    }

    #[test]
    fn only_open_and_waiting_connections_would_break() {
        let mut one = tunnel("A", up());
        assert!(!breaks_connections(&overview(vec![one.clone()])));
        one.snapshot.connections = 1;
        assert!(breaks_connections(&overview(vec![one.clone()])));
        one.snapshot.connections = 0;
        one.snapshot.waiting = 1;
        assert!(breaks_connections(&overview(vec![tunnel("B", up()), one])));
    }
}

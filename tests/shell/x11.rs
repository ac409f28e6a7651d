//! The display, seen from outside of the program.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, Window, WindowClass};
use x11rb::rust_connection::RustConnection;

use crate::PATIENCE;

/// A client of the display.
pub(crate) struct Display {
    server: RustConnection,
    window: Window,
}

impl Display {
    /// Connects, and listens from now on for what is copied.
    pub(crate) fn open(name: &str) -> Self {
        let (server, screen) = x11rb::connect(Some(name)).unwrap();
        let root = server.setup().roots[screen].root;
        let window = server.generate_id().unwrap();
        server
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                root,
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &CreateWindowAux::new(),
            )
            .unwrap();
        let display = Self { server, window };
        display
            .server
            .xfixes_query_version(5, 0)
            .unwrap()
            .reply()
            .unwrap();
        let clipboard = display.atom("CLIPBOARD");
        display
            .server
            .xfixes_select_selection_input(
                window,
                clipboard,
                SelectionEventMask::SET_SELECTION_OWNER,
            )
            .unwrap()
            .check()
            .unwrap();
        display
    }

    /// Waits until something is copied, and returns it.
    pub(crate) async fn copied(self) -> String {
        let reading = spawn_blocking(move || self.read_clipboard());
        let patience: Duration = PATIENCE;
        timeout(patience, reading)
            .await
            .expect("nothing is copied")
            .unwrap()
    }

    fn read_clipboard(self) -> String {
        let (clipboard, text) = (self.atom("CLIPBOARD"), self.atom("UTF8_STRING"));
        loop {
            let event = self.server.wait_for_event().unwrap();
            if let Event::XfixesSelectionNotify(_) = event {
                self.server
                    .convert_selection(self.window, clipboard, text, text, 0u32)
                    .unwrap()
                    .check()
                    .unwrap();
            } else if let Event::SelectionNotify(answer) = event {
                assert_ne!(answer.property, 0, "what was copied is no text");
                let property = self
                    .server
                    .get_property(true, self.window, text, AtomEnum::ANY, 0, 1024)
                    .unwrap()
                    .reply()
                    .unwrap();
                return String::from_utf8(property.value).unwrap();
            }
        }
    }

    fn atom(&self, name: &str) -> u32 {
        let asked = self.server.intern_atom(false, name.as_bytes()).unwrap();
        asked.reply().unwrap().atom
    }
}

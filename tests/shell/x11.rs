//! The display, seen from outside of the program.

use std::sync::Arc;

use tokio::task::spawn_blocking;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux,
    ConnectionExt as _, CreateWindowAux, EventMask, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    MapState, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::soon;

/// The key that answers a question (`XK_Return`).
const RETURN: u32 = 0xff0d;

/// A client of the display.
#[derive(Clone)]
pub(crate) struct Display {
    server: Arc<RustConnection>,
    root: Window,
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
        let display = Self {
            server: Arc::new(server),
            root,
            window,
        };
        // Tells of windows that come, go, move and change their size.
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        let asked = display.server.change_window_attributes(root, &events);
        asked.unwrap().check().unwrap();
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
    pub(crate) async fn copied(&self) -> String {
        let display = self.clone();
        soon(spawn_blocking(move || display.read_clipboard()))
            .await
            .unwrap()
    }

    /// Waits for Culvert's window, and returns it.
    pub(crate) async fn window(&self) -> Window {
        self.until(|display| display.windows().first().copied())
            .await
    }

    /// Waits until Culvert has no window.
    pub(crate) async fn no_window(&self) {
        self.until(|display| display.windows().is_empty().then_some(()))
            .await;
    }

    /// Culvert's windows that can be seen.
    pub(crate) fn windows(&self) -> Vec<Window> {
        let tree = self.server.query_tree(self.root).unwrap().reply().unwrap();
        let all = tree.children.into_iter();
        all.filter(|window| self.is_culvert(*window).unwrap_or(false))
            .collect()
    }

    /// Does what a window manager does when its user closes a window.
    pub(crate) async fn close(&self, window: Window) {
        let (protocols, delete) = (self.atom("WM_PROTOCOLS"), self.atom("WM_DELETE_WINDOW"));
        let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        let sent = self
            .server
            .send_event(false, window, EventMask::NO_EVENT, message);
        sent.unwrap().check().unwrap();
    }

    /// Types into this window from now on; into none, if there is none.
    pub(crate) fn focus(&self, window: Option<Window>) {
        let window = window.unwrap_or(x11rb::NONE);
        let set =
            self.server
                .set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME);
        set.unwrap().check().unwrap();
    }

    /// Presses Return once.
    pub(crate) fn press_return(&self) {
        let setup = self.server.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let keys = self
            .server
            .get_keyboard_mapping(first, last - first + 1)
            .unwrap()
            .reply()
            .unwrap();
        let at = keys
            .keysyms
            .chunks(keys.keysyms_per_keycode.into())
            .position(|symbols| symbols.contains(&RETURN))
            .expect("a Return key");
        let key = first + u8::try_from(at).unwrap();
        for what in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let sent =
                self.server
                    .xtest_fake_input(what, key, x11rb::CURRENT_TIME, self.root, 0, 0, 0);
            sent.unwrap().check().unwrap();
        }
    }

    /// Moves a window and changes its size, and waits until that is done.
    pub(crate) async fn place(&self, window: Window, at: (i32, i32), size: (u32, u32)) {
        let frame = ConfigureWindowAux::new()
            .x(at.0)
            .y(at.1)
            .width(size.0)
            .height(size.1);
        let asked = self.server.configure_window(window, &frame).unwrap();
        asked.check().unwrap();
        self.until(move |display| (display.frame(window) == (at, size)).then_some(()))
            .await;
    }

    /// Where a window is, and its size.
    pub(crate) fn frame(&self, window: Window) -> ((i32, i32), (u32, u32)) {
        let frame = self.server.get_geometry(window).unwrap().reply().unwrap();
        (
            (frame.x.into(), frame.y.into()),
            (frame.width.into(), frame.height.into()),
        )
    }

    /// Waits until there is what is looked for; looks after each event.
    async fn until<T: Send + 'static>(
        &self,
        look: impl Fn(&Self) -> Option<T> + Send + 'static,
    ) -> T {
        let display = self.clone();
        let looking = spawn_blocking(move || {
            loop {
                if let Some(found) = look(&display) {
                    return found;
                }
                display.server.wait_for_event().unwrap();
            }
        });
        soon(looking).await.unwrap()
    }

    /// None if it is gone in the meantime.
    fn is_culvert(&self, window: Window) -> Option<bool> {
        let server = &self.server;
        let attributes = server.get_window_attributes(window).ok()?.reply().ok()?;
        let name = server
            .get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)
            .ok()?
            .reply()
            .ok()?;
        Some(attributes.map_state == MapState::VIEWABLE && name.value == b"Culvert")
    }

    fn read_clipboard(&self) -> String {
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

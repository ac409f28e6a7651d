//! How the window's pages are drawn on Linux.

/// Has WebKit draw with the processor, and load no OpenGL for that: it takes 25 MB of this process,
/// 120 MB of the web view's and a quarter of the time to the first paint (docs/performance.md); with some
/// drivers the window stays empty. Lists and small charts need none of it.
///
/// WebKit reads this in the environment. Its setting for the same, `hardware-acceleration-policy`,
/// can only be given to a view that exists, and ends the web process that is starting for it
/// (WebKitGTK 2.50). What the user has set counts.
///
/// To be called before there is a second thread.
pub(crate) fn by_processor() {
    for (variable, value) in [
        ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
        // Or it asks OpenGL which device there is.
        ("WEBKIT_WEB_RENDER_DEVICE_FILE", "/dev/null"),
    ] {
        // It fails for names that are none.
        glib::setenv(variable, value, false).ok();
    }
}

//! Linux: the kernel's word after a sleep.

use std::io;
use std::os::fd::OwnedFd;

use futures_util::{Stream, stream};
use rustix::io::{Errno, read};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::Notice;
use crate::environment::readable::readable;

/// A time that never comes: the end of what a signed 32-bit second can say would be too near.
const NEVER_S: i64 = 1 << 40;

/// The kernel's notice of each wake.
///
/// A `timerfd` of the wall clock may ask to be cancelled when that clock jumps
/// (timerfd_create(2), `TFD_TIMER_CANCEL_ON_SET`), which it does against the monotonic one on
/// each wake. It does so as well when someone sets the clock: hence only a look at the clocks
/// that can't be set.
pub(super) fn wakes() -> io::Result<impl Stream<Item = Notice>> {
    rings(NEVER_S)
}

/// The notices of a timer that is set to a time of the wall clock, in seconds, again and again: of
/// each time that it is cancelled, or comes.
fn rings(at_s: i64) -> io::Result<impl Stream<Item = Notice>> {
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
    )?;
    arm(&timer, at_s)?;
    let timer = readable(timer)?;
    Ok(stream::unfold(timer, move |mut timer| async move {
        let mut ready = timer.readable_mut().await.ok()?;
        match read(ready.get_inner(), &mut [0; 8]) {
            // Only a cancelled timer has to be set again; for one that ended it does no harm.
            Ok(_) | Err(Errno::CANCELED) => arm(ready.get_inner(), at_s).ok()?,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return None,
        }
        ready.clear_ready();
        Some((Notice::Look, timer))
    }))
}

fn arm(timer: &OwnedFd, at_s: i64) -> io::Result<()> {
    let at = |seconds| Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let then = Itimerspec {
        it_interval: at(0),
        it_value: at(at_s),
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer, flags, &then)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn the_kernel_tells_nothing_while_nothing_happens() {
        let mut wakes = Box::pin(wakes().unwrap());
        let told = timeout(Duration::from_millis(50), wakes.next()).await;
        assert!(told.is_err(), "{told:?}");
    }
    /// Nobody can set the clock in a test; a time in the past is the other thing that rings.
    #[tokio::test]
    async fn each_ring_of_the_timer_is_told_and_it_is_set_again() {
        let mut rings = Box::pin(rings(1).unwrap());
        for _ in 0..2 {
            let told = timeout(Duration::from_secs(10), rings.next()).await;
            assert_eq!(told, Ok(Some(Notice::Look)));
        }
    }
}

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
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
    )?;
    arm(&timer)?;
    let timer = readable(timer)?;
    Ok(stream::unfold(timer, |mut timer| async {
        let mut ready = timer.readable_mut().await.ok()?;
        match read(ready.get_inner(), &mut [0; 8]) {
            // Only a cancelled timer has to be set again; for one that ended it does no harm.
            Ok(_) | Err(Errno::CANCELED) => arm(ready.get_inner()).ok()?,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return None,
        }
        ready.clear_ready();
        Some((Notice::Look, timer))
    }))
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    let at = |seconds| Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let never = Itimerspec {
        it_interval: at(0),
        it_value: at(NEVER_S),
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer, flags, &never)?;
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
}

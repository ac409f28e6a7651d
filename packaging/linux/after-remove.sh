#!/bin/sh
# After the package is gone: takes away the start at login that users have switched on. dpkg says
# "remove" or "purge", rpm how many are left of it. Each entry is removed as its own user, since what
# lies in a home folder may lead anywhere.
set -e
case "${1:-}" in
    remove | purge | 0) ;;
    *) exit 0 ;;
esac
command -v getent >/dev/null && command -v runuser >/dev/null || exit 0

getent passwd | while IFS=: read -r user _ uid _ _ home _; do
    [ "$uid" -eq 0 ] || [ "$uid" -ge 1000 ] || continue
    entry=$home/.config/autostart/culvert.desktop
    [ -f "$entry" ] || continue
    # One of an AppImage or of an own build names another program, and stays.
    runuser -u "$user" -- sh -c \
        'if grep -qx "TryExec=/usr/bin/culvert-desktop" "$1"; then rm -f "$1"; fi' sh "$entry" || true
done

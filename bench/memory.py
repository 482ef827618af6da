"""Resident memory of one agent process per user: 10,000 users with 1–3 s of think time."""

from __future__ import annotations

import statistics
import threading

from bench.servers import nginx
from bench.support import check_limit, children_of, print_table, resident_kib, run_fleet

USERS = 10_000
RAMP_S, HOLD_S = 10, 10
LIMIT_KB = 5.0


def thinking_plan(url: str, users: int) -> dict[str, object]:
    """A linear ramp to `users` users, then a constant level, whose first half is a separate phase (warm-up)."""
    half = f"{HOLD_S / 2:g}s"
    all_users = {"strategy": "levels", "levels": [{"concurrency": users}]}
    climb = {"strategy": "linear", "over": f"{RAMP_S}s"}
    return {
        "config": {
            "name": "thinking",
            "base_url": url,
            "graceful_stop": "2s",
            "phases": [
                {"name": "ramp", "duration": f"{RAMP_S}s", "warm_up": True, "ramp_up": climb},
                {"name": "first half", "duration": half, "warm_up": True, "ramp_up": all_users},
                {"name": "last half", "duration": half, "ramp_up": all_users},
            ],
        },
        "users": [{"name": "reader", "concurrency": users, "behavior": [{"action": "rates", "think_time": "1-3s"}]}],
        "actions": {"rates": {"url": "/rates"}},
    }


class MemoryWatch:
    """Reads an agent's resident memory twice per second until the agent ends."""

    def __init__(self, *, with_children: bool = False) -> None:
        self.kib: list[int] = []
        self._with_children = with_children

    def __call__(self, pid: int) -> None:
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid: int) -> None:
        pause = threading.Event()
        while not pause.wait(0.5):
            try:
                pids = [pid, *children_of(pid)] if self._with_children else [pid]
                self.kib.append(sum(map(resident_kib, pids)))
            except OSError:
                return


def main() -> bool:
    """Print the table; True if the limit is met."""
    peaks: dict[int, int] = {}
    with nginx() as url:
        for users in (10, USERS):
            watch = MemoryWatch()
            summary = run_fleet(thinking_plan(url, users), watch=watch)
            if summary["levels"][-1]["users_mean"] < users * 0.999:
                raise SystemExit(f"only {summary['levels'][-1]['users_mean']} of {users} users were active")
            peaks[users] = int(statistics.median(watch.kib[-2 * (HOLD_S // 2) : -1]))
    per_user = (peaks[USERS] - peaks[10]) / (USERS - 10) * 1024 / 1000
    rows = [(f"{users:,}", f"{kib / 1024:,.1f} MiB") for users, kib in peaks.items()]
    print_table("Resident memory of one agent process", ("users", "memory"), rows)
    return check_limit("memory per user", per_user, LIMIT_KB, " KB")

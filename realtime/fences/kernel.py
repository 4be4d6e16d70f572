"""The compiled part: one pass over fixes keeps who is in which fence, one pass over members judges the rules.

Every badge has a row of slots, one per fence that it is in or about to enter, so a fix touches its own few bytes and
the cost follows the points, not points times fences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.fences.index import FenceIndex, beyond_one, ring_holds
from realtime.positioning.jit import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ENTER, LEAVE, ALARM, CLEAR = 1, 2, 3, 4
TRESPASS, STATIC, CALL, STAY, SPEEDING, PARKING = 1, 3, 4, 8, 9, 10


class Slots(NamedTuple):
    """(badges, slots) pairs of badge and fence.

    Attributes:
        fence: -1 where free. inside: a member (else about to be). since: begin of the dwell that runs, NaN for none.
        entered: when it became a member. fast: since when it has been too fast. alarms: bits of the rules that it
        breaks. stamp: the fix that found it inside last.
    """

    fence: NDArray[np.int32]
    inside: Bools
    since: Floats
    entered: Floats
    fast: Floats
    alarms: Ints
    stamp: Ints


class Badges(NamedTuple):
    """(badges,) what is known of each: last usable place in m and speed in m/s, where and since when it rests, group
    bits, person; ``mates`` are the rows of each person (CSR by ``mates_start``)."""

    x: Floats
    y: Floats
    z: Floats
    speed: Floats
    known: Bools
    rest_x: Floats
    rest_y: Floats
    rest: Floats
    group: Ints
    person: Ints
    mates: Ints
    mates_start: Ints


class Terms(NamedTuple):
    """(fences,) what each rule needs.

    Attributes:
        each: bits of the rules about each badge that hold now. seconds, speed: limits. allowed: row of ``allow`` or
        -1. allow: (k, badges) who is allowed.
    """

    each: Ints
    seconds: Floats
    speed: Floats
    allowed: Ints
    allow: Bools


@jit
def _company(slots: Slots, badges: Badges, k: int, f: int) -> bool:
    """Whether another badge of the same person is inside."""
    p = badges.person[k]
    for at in range(badges.mates_start[p], badges.mates_start[p + 1]):
        other = badges.mates[at]
        if other != k:
            for s in range(slots.fence.shape[1]):
                if slots.fence[other, s] == f and slots.inside[other, s]:
                    return True
    return False


@jit
def _note(out: Floats, n: int, happening: int, rule: int, f: int, k: int, count: int, initial: bool) -> int:
    out[n, 0], out[n, 1], out[n, 2], out[n, 3], out[n, 4] = happening, rule, f, k, count
    out[n, 5] = 1.0 if initial else 0.0
    return n + 1


@jit
def find(slots: Slots, k: int, f: int) -> int:
    """The slot of a pair, else the first free one as -2 - slot, else -1."""
    free = -1
    for s in range(slots.fence.shape[1]):
        if slots.fence[k, s] == f:
            return s
        if free < 0 and slots.fence[k, s] < 0:
            free = s
    return -2 - free if free >= 0 else -1


@jit
def place(
    index: FenceIndex,
    slots: Slots,
    badges: Badges,
    counts: Ints,
    row: Ints,
    x: Floats,
    y: Floats,
    z: Floats,
    speed: Floats,
    now: float,
    manner: tuple[float, float, float, float],
    begin: int,
    stamp: int,
    out: Floats,
    n: int,
) -> tuple[int, int, int]:
    """Fold in fixes from number ``begin`` on; where it stopped, how many events there are, and why it stopped.

    Args:
        manner: enter dwell, leave dwell, hysteresis, rest radius.
        out: (room, 6) events: happening, rule, fence, badge, count, initial.

    Returns:
        Number of the next fix, number of events, and 0 at the end, 1 for no free slot, 2 for no room in ``out``. The
        caller makes room and goes on; a fix that was begun is harmlessly begun again.
    """
    enter_dwell, leave_dwell, hysteresis, radius = manner
    # Arrays are taken out of their tuples once: passing a tuple on counts a reference to each of its arrays.
    fence, inside, since, stamps = slots.fence, slots.inside, slots.since, slots.stamp
    points, first_of, box = index.shape.points, index.shape.start, index.shape.box
    on, low, high, groups = index.on, index.low, index.high, index.groups
    start, of, cell = index.start, index.fence, index.cell
    west, south, columns, rows = index.origin[0], index.origin[1], index.size[0], index.size[1]
    known, group, rest_x, rest_y, rest = badges.known, badges.group, badges.rest_x, badges.rest_y, badges.rest
    width = fence.shape[1]
    for i in range(begin, row.size):
        k, px, py, pz = row[i], x[i], y[i], z[i]
        if n + 12 * width > out.shape[0]:
            return i, n, 2
        badges.x[k], badges.y[k], badges.z[k], badges.speed[k] = px, py, pz, speed[i]
        if not (px - rest_x[k]) ** 2 + (py - rest_y[k]) ** 2 <= radius * radius:
            rest_x[k], rest_y[k], rest[k] = px, py, now
        first, mark, bits = not known[k], stamp + i, group[k]
        column, line = int(np.floor((px - west) / cell)), int(np.floor((py - south) / cell))
        if 0 <= column < columns and 0 <= line < rows:
            at = column * rows + line
            for c in range(start[at], start[at + 1]):
                f = of[c]
                if px < box[f, 0] or py < box[f, 1] or px > box[f, 2] or py > box[f, 3]:
                    continue
                if not (on[f] and groups[f] & bits and low[f] <= pz <= high[f]):
                    continue
                if not ring_holds(points, first_of[f], first_of[f + 1], px, py):
                    continue
                s, free = -1, -1
                for candidate in range(width):
                    if fence[k, candidate] == f:
                        s = candidate
                        break
                    if free < 0 and fence[k, candidate] < 0:
                        free = candidate
                if s < 0:
                    if free < 0:
                        return i, n, 1
                    s = free
                    fence[k, s], slots.entered[k, s], slots.alarms[k, s] = f, now, 0
                    inside[k, s], slots.fast[k, s] = first, np.nan
                    since[k, s] = np.nan if first else now
                    if first:
                        counts[f] += 0 if _company(slots, badges, k, f) else 1
                        n = _note(out, n, ENTER, 0, f, k, counts[f], True)
                if inside[k, s]:
                    since[k, s] = np.nan
                elif now - since[k, s] >= enter_dwell:
                    inside[k, s], since[k, s], slots.entered[k, s] = True, np.nan, now
                    counts[f] += 0 if _company(slots, badges, k, f) else 1
                    n = _note(out, n, ENTER, 0, f, k, counts[f], False)
                stamps[k, s] = mark
        for s in range(width):
            f = fence[k, s]
            if f < 0 or stamps[k, s] == mark:
                continue
            if not inside[k, s]:
                fence[k, s] = -1
            elif not beyond_one(index, f, px, py, pz, hysteresis):
                since[k, s] = np.nan
            elif np.isnan(since[k, s]):
                since[k, s] = now
            elif now - since[k, s] >= leave_dwell:
                n = _leave(slots, badges, counts, k, s, out, n)
        known[k] = True
    return row.size, n, 0


@jit
def _leave(slots: Slots, badges: Badges, counts: Ints, k: int, s: int, out: Floats, n: int) -> int:
    f = slots.fence[k, s]
    slots.fence[k, s], slots.inside[k, s] = -1, False
    counts[f] -= 0 if _company(slots, badges, k, f) else 1
    n = _note(out, n, LEAVE, 0, f, k, counts[f], False)
    for rule in range(1, 11):
        if slots.alarms[k, s] >> rule & 1:
            n = _note(out, n, CLEAR, rule, f, k, counts[f], False)
    slots.alarms[k, s] = 0
    return n


@jit
def _broken(terms: Terms, slots: Slots, badges: Badges, k: int, s: int, now: float, dwell: float, share: float) -> int:
    """Bits of the rules that a member breaks."""
    f = slots.fence[k, s]
    each, bits = terms.each[f], 0
    free = terms.allowed[f] >= 0 and terms.allow[terms.allowed[f], k]
    rested = now - np.fmax(badges.rest[k], slots.entered[k, s]) >= terms.seconds[f]
    if each >> TRESPASS & 1 and not free:
        bits |= 1 << TRESPASS
    if each >> CALL & 1:
        bits |= 1 << CALL
    if each >> STATIC & 1 and rested:
        bits |= 1 << STATIC
    if each >> PARKING & 1 and rested and not free:
        bits |= 1 << PARKING
    if each >> STAY & 1 and now - slots.entered[k, s] >= terms.seconds[f] and not free:
        bits |= 1 << STAY
    if each >> SPEEDING & 1:
        limit, was = terms.speed[f], slots.alarms[k, s] >> SPEEDING & 1
        if badges.speed[k] <= (limit * share if was else limit):
            slots.fast[k, s] = np.nan
        elif np.isnan(slots.fast[k, s]):
            slots.fast[k, s] = now
        if (was and badges.speed[k] > limit * share) or now - slots.fast[k, s] >= dwell:
            bits |= 1 << SPEEDING
    return bits


@jit
def judge(
    terms: Terms, slots: Slots, badges: Badges, counts: Ints, now: float, dwell: float, share: float, out: Floats
) -> int:
    """Raise and clear the alarms about each badge; how many events were written to ``out``.

    ``-1 - n``: there are ``n`` and no room for more; the next call goes on behind them.
    """
    n = 0
    for k in range(slots.fence.shape[0]):
        for s in range(slots.fence.shape[1]):
            f = slots.fence[k, s]
            if f < 0 or not slots.inside[k, s] or not (terms.each[f] or slots.alarms[k, s]):
                continue
            bits = _broken(terms, slots, badges, k, s, now, dwell, share)
            change = bits ^ slots.alarms[k, s]
            if not change:
                continue
            if n + 11 > out.shape[0]:
                return -1 - n
            for rule in range(1, 11):
                if change >> rule & 1:
                    n = _note(out, n, ALARM if bits >> rule & 1 else CLEAR, rule, f, k, counts[f], False)
            slots.alarms[k, s] = bits
    return n


@jit
def posted(terms: Terms, slots: Slots, badges: Badges, fences: int) -> Ints:
    """(fences,) how many of the persons that are allowed are inside."""
    out = np.zeros(fences, np.int64)
    for k in range(slots.fence.shape[0]):
        for s in range(slots.fence.shape[1]):
            f = slots.fence[k, s]
            if f >= 0 and slots.inside[k, s] and terms.allowed[f] >= 0 and terms.allow[terms.allowed[f], k]:
                out[f] += 1
    return out


@jit
def gathered(x: Floats, y: Floats, radius: float, count: int) -> bool:
    """Whether ``count`` of these points lie within ``radius`` m of one of them."""
    for i in range(x.size):
        near = 0
        for j in range(x.size):
            near += (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 <= radius * radius
            if near >= count:
                return True
    return False

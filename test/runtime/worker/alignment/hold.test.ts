/** For whom a partition waits, and for how long it has. */
import test from 'ava'
import { Hold } from '../../../../runtime/worker/alignment/hold.ts'

test('a partition is held back while it is ahead and has records; the time adds up', (t) => {
  //   now            0      100     250     300          400      500
  //   ahead of       -      a       b       b, all read  -        a
  const hold = new Hold(10)
  const look = (now: number, waitsFor: string | null, unread = true): readonly unknown[] => {
    hold.look(waitsFor, unread, now, 1_000 + now)
    return [hold.paused, hold.heldBack, hold.heldMs]
  }
  t.deepEqual(look(0, null), [false, null, 0])
  t.deepEqual(look(100, 's/0'), [true, { since: 1_100, waitsFor: 's/0' }, 0])
  t.deepEqual(look(250, 's/1'), [true, { since: 1_100, waitsFor: 's/1' }, 150])
  t.deepEqual(look(300, 's/1', false), [true, null, 200])
  t.deepEqual(look(400, null), [false, null, 200])
  t.deepEqual(look(500, 's/0'), [true, { since: 1_500, waitsFor: 's/0' }, 200])
})

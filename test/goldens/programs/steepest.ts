/** Functions over windows: the steepest step of a meter in each window; then the sessions of those, as they came. */
import { kafka, session, sliding, stream, t } from 'streamjob'

const Reading = t.object({ meter: t.string, level: t.number, at: t.timestamp })

export default stream
  .from(kafka({ topic: 'readings', key: 'meter', schema: Reading }))
  .eventTime('at', { outOfOrderness: '5ms' })
  .keyBy('meter')
  .window(sliding('20ms', '10ms', { lateness: '10ms' }))
  .process('steps', {
    emits: t.object({ meter: t.string, from: t.timestamp, step: t.number, levels: t.list(t.number) }),
    onWindow(readings, { key, windowStart, emit }) {
      const inTime = [...readings].toSorted((a, b) => a.at - b.at)
      for (const [i, { level, at }] of inTime.entries()) {
        const before = inTime[i - 1]
        if (level < 0) throw new RangeError(`${key} fell below zero at ${at}`)
        if (before !== undefined && level - before.level >= 10) {
          emit({ meter: key, from: windowStart, step: level - before.level, levels: Array.from(readings, (reading) => reading.level) })
        }
      }
    },
  })
  .keyBy('meter')
  .window(session('40ms'))
  .process('alarms', {
    emits: t.object({ meter: t.string, since: t.timestamp, until: t.timestamp, steps: t.list(t.string) }),
    onWindow(steps, { key, windowStart, windowEnd, emit }) {
      emit({
        meter: key,
        since: windowStart,
        until: windowEnd,
        steps: Array.from(steps, ({ from, step, levels }) => `${step} in ${from}: ${levels.join(' ')}`),
      })
    },
  })
  .to(kafka({ topic: 'alarms' }))

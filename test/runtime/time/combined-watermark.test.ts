import test from 'ava'
import fc from 'fast-check'
import { CombinedWatermark } from '../../../runtime/time/combined-watermark.ts'
import type { CombinedWatermarkSnapshot, InputWatermark } from '../../../runtime/time/combined-watermark.ts'
import { StreamJobError } from '../../../runtime/errors.ts'

/** `a5`: input a at 5; `a5i`: idle there. Several words at once with a comma between. */
function said(text: string): readonly InputWatermark[] {
  return text.split(',').map((word) => {
    const [, input = '', watermark, idle] = /^([a-z])(-?\d+|-)(i?)$/.exec(word)!
    return { input, watermark: watermark === '-' ? -Infinity : Number(watermark), idle: idle === 'i' }
  })
}

/** The output behind each word. */
function outputs(combined: CombinedWatermark, ...words: readonly string[]): readonly (number | string)[] {
  return words.map((word) => {
    combined.updateAll(said(word))
    return combined.idle ? `${combined.current} idle` : combined.current
  })
}

test('the output is the smallest watermark of all inputs, and waits for those that nothing was heard of', (t) => {
  //   a        5               9
  //   b                 7
  //   output   -        5      7
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5', 'b7', 'a9'), [-Infinity, 5, 7])
})

test('an input that is heard of no more holds the output, whatever the others do', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b', 'c']), 'a5', 'b7', 'c9', 'b100', 'c100i', 'b200i'), [-Infinity, -Infinity, 5, 5, 5, 5])
})

test('an idle input leaves the minimum', (t) => {
  //   a        5      idle   idle
  //   b        7      7      9
  //   output   5      7      9
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5,b7', 'a5i', 'b9'), [5, 7, 9])
})

test('an input that never had a record does not hold the output once it says that it is idle', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5', 'b-i', 'b-'), [-Infinity, 5, 5])
  t.deepEqual(outputs(new CombinedWatermark(['a']), 'a-i'), ['-Infinity idle'])
})

test('when the last active input goes idle, the largest watermark of all is forwarded, then the whole is idle', (t) => {
  //   a        5      20     20 idle
  //   b        7      7      7        idle
  //   output   5      7      7        20 idle
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5,b7', 'a20', 'a20i', 'b7i'), [5, 7, 7, '20 idle'])
})

test('the largest is forwarded too when the last active input was one that had not caught up', (t) => {
  //   a   100 idle                        c goes last, and it was left out: a waited for b at 50
  //   b   50              idle
  //   c   30 idle   30         idle
  const combined = new CombinedWatermark(['a', 'b', 'c'])
  t.deepEqual(outputs(combined, 'a100i,b50,c30i', 'c30', 'b50i', 'c30i'), [50, 50, 50, '100 idle'])
})

test('an input that comes back behind the output is left out until it has caught up', (t) => {
  //   a        20          20            30           40     40
  //   b        7 idle      back at 9     15           25     45
  //   output   20          20            30           30     40       at 25 b is behind still
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a20,b7i', 'b9', 'a30,b15', 'a40,b25', 'b45'), [20, 20, 30, 40, 40])
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a20,b7i', 'b9', 'b20', 'a30', 'b25'), [20, 20, 20, 20, 25])
})

test('an input that comes back level with the output or ahead of it holds it again at once', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a20,b7i', 'b25', 'a30', 'b26'), [20, 20, 25, 26])
})

test('while only inputs that have not caught up are active, the output stays, and the whole is not idle', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a20,b7i', 'a20i', 'b9', 'b19', 'b21'), [20, '20 idle', 20, 20, 21])
})

test('a watermark that goes back is ignored', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5,b7', 'a3', 'b2', 'a6'), [5, 5, 5, 6])
})

test('an idle input may tell of a larger watermark: it was active in between', (t) => {
  t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a5i,b7', 'a30i', 'b7i', 'a40i'), [7, 7, '30 idle', '40 idle'])
})

test('what is said at once counts at once: one that comes back as the last one leaves is not behind a flush', (t) => {
  //   a 100, b idle at 7      a goes idle and b comes back at 120, in one message
  for (const word of ['a100i,b120', 'b120,a100i']) {
    t.deepEqual(outputs(new CombinedWatermark(['a', 'b']), 'a100,b7i', word, 'b130'), [100, 120, 130])
  }
})

test('inputs that are added hold the output until they are past it, and are not left out meanwhile', (t) => {
  //   a        20        20      30      30     30
  //   b                  (new)           5      25
  //   output   20        20      20      20     25
  const combined = new CombinedWatermark(['a'])
  t.deepEqual(outputs(combined, 'a20'), [20])
  combined.extend(['a', 'b'])
  t.deepEqual(outputs(combined, 'a30', 'b5', 'b25'), [20, 20, 25])
})

test('an input that nobody named is refused', (t) => {
  t.throws(() => new CombinedWatermark(['a']).update('b', 5, false), { instanceOf: StreamJobError, message: /b, which is not one of the inputs/ })
  const { inputs } = new CombinedWatermark(['b']).snapshot()
  t.throws(() => new CombinedWatermark(['a']).restore({ output: null, inputs }), { instanceOf: StreamJobError, message: /not one of the inputs/ })
})

test('update tells whether the output rose', (t) => {
  const combined = new CombinedWatermark(['a', 'b'])
  t.false(combined.update('a', 5, false))
  t.true(combined.update('b', 7, false))
  t.false(combined.update('b', 9, false))
  t.true(combined.update('a', 5, true))
  t.false(combined.update('b', 9, true))
})

/** The rules, computed anew from all inputs at every step. */
class Model {
  readonly inputs = new Map<string, { watermark: number; idle: boolean; behind: boolean }>()
  output = -Infinity

  constructor(names: Iterable<string>) {
    for (const name of names) this.inputs.set(name, { watermark: -Infinity, idle: false, behind: false })
  }

  hear(words: readonly InputWatermark[]): void {
    for (const { input, watermark, idle } of words) {
      const state = this.inputs.get(input)!
      const returned = state.idle && !idle
      state.watermark = Math.max(state.watermark, watermark)
      state.idle = idle
      if (returned) state.behind = true
      if (state.watermark >= this.output) state.behind = false
    }
    const all = [...this.inputs.values()]
    const holding = all.filter(({ idle, behind }) => !idle && !behind).map(({ watermark }) => watermark)
    if (all.every(({ idle }) => idle)) this.output = Math.max(this.output, ...all.map(({ watermark }) => watermark))
    else if (holding.length > 0) this.output = Math.max(this.output, Math.min(...holding))
  }
}

const names = ['s/0', 's/1', 's/2', 'other', 's/17'] as const
const watermarks = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -5, max: 60 }) },
  { weight: 1, arbitrary: fc.constantFrom(-Infinity, Infinity) },
  { weight: 2, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_100 }) },
)
const word: fc.Arbitrary<InputWatermark> = fc.record({ input: fc.constantFrom(...names), watermark: watermarks, idle: fc.boolean() })
const message = fc.uniqueArray(word, { selector: ({ input }) => input, minLength: 1, maxLength: 4 })
const history = fc.array(message, { maxLength: 40 })

test('the output is that of the plain model, and never goes back', (t) => {
  fc.assert(
    fc.property(history, (messages) => {
      const combined = new CombinedWatermark(names)
      const model = new Model(names)
      for (const words of messages) {
        const before = combined.current
        const rose = words.length === 1 ? combined.update(words[0]!.input, words[0]!.watermark, words[0]!.idle) : combined.updateAll(words)
        model.hear(words)
        t.is(combined.current, model.output)
        t.is(
          combined.idle,
          [...model.inputs.values()].every(({ idle }) => idle),
        )
        t.true(combined.current >= before)
        t.is(rose, combined.current > before)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('a restored one goes on exactly as the one that the snapshot was taken of, also with more inputs than before', (t) => {
  fc.assert(
    fc.property(history, history, fc.boolean(), (before, after, more) => {
      const combined = new CombinedWatermark(names)
      for (const words of before) combined.updateAll(words)
      const snapshot = JSON.parse(JSON.stringify(combined.snapshot())) as CombinedWatermarkSnapshot
      const restored = new CombinedWatermark(more ? ['s/3', ...names] : names)
      restored.update('s/1', 1_000, true)
      restored.restore(snapshot)
      if (more) combined.extend(['s/3'])
      for (const words of [[], ...after]) {
        combined.updateAll(words)
        restored.updateAll(words)
        t.is(restored.current, combined.current)
        t.is(restored.idle, combined.idle)
        t.deepEqual(restored.snapshot(), combined.snapshot())
      }
    }),
    { numRuns: 500 },
  )
})

test('the order in which inputs go idle does not matter', (t) => {
  const orders = fc.shuffledSubarray([...names], { minLength: names.length })
  fc.assert(
    fc.property(history, orders, orders, (messages, first, second) => {
      const [one, other] = [first, second].map((order) => {
        const combined = new CombinedWatermark(names)
        for (const words of messages) combined.updateAll(words)
        for (const input of order) combined.update(input, -Infinity, true)
        return combined
      })
      t.is(one!.current, other!.current)
      t.true(one!.idle && other!.idle)
    }),
  )
})

test('the order of what is said at once does not matter', (t) => {
  fc.assert(
    fc.property(history, (messages) => {
      const [one, other] = [new CombinedWatermark(names), new CombinedWatermark(names)]
      for (const words of messages) {
        one.updateAll(words)
        other.updateAll(words.toReversed())
        t.deepEqual(other.snapshot(), one.snapshot())
      }
    }),
  )
})

test('an input that was always active and is not heard of any more holds the output at or below its watermark', (t) => {
  fc.assert(
    fc.property(history, fc.integer({ min: 0, max: 60 }), (messages, watermark) => {
      const combined = new CombinedWatermark(['stalled', ...names])
      combined.update('stalled', watermark, false)
      for (const words of messages) {
        combined.updateAll(words)
        t.true(combined.current <= watermark)
      }
    }),
  )
})

test('the snapshot of a hundred inputs is small', (t) => {
  const inputs = Array.from({ length: 100 }, (_, partition) => `orders-by-customer/${partition}`)
  const combined = new CombinedWatermark(inputs)
  for (const [i, input] of inputs.entries()) combined.update(input, 1_763_836_800_000 + 37 * i, i % 10 === 3)
  t.true(JSON.stringify(combined.snapshot()).length < 700, JSON.stringify(combined.snapshot()))
  t.deepEqual(new CombinedWatermark(['s/0', 's/1', 's/3', 'x']).snapshot(), { output: null, inputs: { 's/*': ',,-,', 'x=': '' } })
})

test('text that is no state of an input is not read as one', (t) => {
  for (const bad of ['1.5', 'x', '5ci', '5 ', '--']) {
    t.throws(() => new CombinedWatermark(['a']).restore({ output: 5, inputs: { 'a=': bad } }), { instanceOf: StreamJobError }, bad)
  }
})

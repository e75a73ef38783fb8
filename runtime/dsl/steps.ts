/** Declarative programs: the `steps` of a StreamJob, strictly parsed, to the same plan as the chained builder. */
import { StreamJobError } from '../errors.ts'
import { parseSchema } from '../formats/schema-text.ts'
import type { RecordSchema } from '../formats/schema.ts'
import type { Aggregate, EventTimeNode, Plan, StartFrom } from '../plan/nodes.ts'
import { programError, type Problem } from '../plan/problems.ts'
import { errorResult, plannedResult } from '../plan/result.ts'
import type { PlanResult } from '../protocol.ts'
import { addEventTime, addFilter, addFlatMap, addKeyBy, addMap, addProcessingTime, addSink, addSource, addWindowAggregate, cel } from './additions.ts'
import { aggregateHint, aggregateOf } from './aggregate-steps.ts'
import { emptyDraft, finishDraft, inOrder, type Draft } from './draft.ts'
import { grammar, parseStep, unknownWord, type Step, type Verb } from './grammar.ts'
import type { KafkaTopic } from './kafka.ts'
import { addDedup } from './process.ts'
import { addSessionAggregate, type Session } from './sessions.ts'
import type { Site } from './site.ts'
import { windowOf } from './window-steps.ts'
import type { WindowDraft } from './windows.ts'

/** The plan of the steps. Throws `program-invalid` or `not-supported-yet` with all problems, each at its path such as `steps[2].filter`. */
export function parseSteps(steps: unknown): Plan {
  if (!Array.isArray(steps)) throw programError([{ kind: 'invalid', path: 'steps', message: 'must be a list of steps' }])
  const reader = new StepReader()
  for (const [index, step] of steps.entries()) reader.read(step, `steps[${index}]`)
  return reader.finish()
}

/** What planning steps answers to the operator. */
export function planSteps(steps: unknown): PlanResult {
  try {
    return plannedResult(parseSteps(steps))
  } catch (error) {
    const result = errorResult(error)
    if (result === null) throw error
    return result
  }
}

/** Reads one step after another; a step that cannot be used is reported, and the rest is still read. */
class StepReader {
  #draft: Draft = emptyDraft
  /** A window step whose aggregate has not come yet. */
  #window: { readonly window: WindowDraft | Session; readonly site: Site } | null = null
  /** Some step gave no node, so the nodes make no whole plan. */
  #incomplete = false
  readonly #problems: Problem[] = []

  read(step: unknown, path: string): void {
    if (typeof step !== 'object' || step === null || Array.isArray(step))
      return this.#give(path, 'a step is an object, such as filter: "value.amount > 0.0"')
    const words = Object.keys(step)
    const verbs = words.filter((word): word is Verb => Object.hasOwn(grammar, word) && !besideFrom.includes(word))
    for (const word of words.filter((other) => !Object.hasOwn(grammar, other))) this.#problems.push(unknownStep(word, path))
    const verb = verbs[0]
    const stray = verb === 'from' ? undefined : words.find((word) => besideFrom.includes(word))
    if (stray !== undefined) return this.#give(`${path}.${stray}`, `${stray} stands beside from, in the same step`)
    if (verb === undefined) {
      this.#incomplete = true
      this.#window = null
      if (words.length === 0) this.#give(path, `the step is empty; steps are ${Object.keys(grammar).join(', ')}`)
      return
    }
    if (verbs.length > 1) return this.#give(path, `${verbs.join(' and ')} are steps of their own: write each as one item of the list`)
    if (this.#window !== null && verb !== 'aggregate') {
      this.#give(this.#window.site.path, `aggregate must follow the window, not ${verb}`)
      this.#window = null
    }
    this.#readVerb(verb, step as Record<Verb, unknown>, path)
  }

  finish(): Plan {
    if (this.#window !== null) this.#give(this.#window.site.path, 'aggregate must follow the window')
    if (this.#incomplete) throw programError(inOrder([...this.#problems, ...this.#draft.problems]))
    return finishDraft({ ...this.#draft, problems: [...this.#problems, ...this.#draft.problems] })
  }

  #readVerb(verb: Verb, step: Record<Verb, unknown>, path: string): void {
    const site = { path: `${path}.${verb}` }
    switch (verb) {
      case 'from':
        this.#with('from', step, path, (from) => (this.#draft = addSource(this.#draft, site, this.#sourceTopic(from, site.path))))
        if (Object.hasOwn(step, 'eventTime')) this.#with('eventTime', step, path, (eventTime) => this.#eventTime(eventTime, `${path}.eventTime`))
        if (Object.hasOwn(step, 'processingTime')) this.#with('processingTime', step, path, () => this.#processingTime(`${path}.processingTime`))
        return
      case 'filter':
        return this.#with('filter', step, path, (text) => (this.#draft = addFilter(this.#draft, site, cel(text))))
      case 'map':
        return this.#with('map', step, path, (map) => (this.#draft = addMap(this.#draft, site, mapper(map))))
      case 'flatMap':
        return this.#with('flatMap', step, path, (text) => (this.#draft = addFlatMap(this.#draft, site, cel(text))))
      case 'keyBy':
        return this.#with('keyBy', step, path, (by) => {
          const { field, name } = typeof by === 'string' ? { field: by, name: undefined } : by
          this.#draft = addKeyBy(this.#draft, site, field, name)
        })
      case 'window':
        return this.#with('window', step, path, (window) => this.#openWindow(window, site))
      case 'aggregate':
        return this.#with('aggregate', step, path, (aggregate) => this.#aggregate(aggregate, site))
      case 'dedup':
        return this.#with('dedup', step, path, ({ name, ...settings }) => (this.#draft = addDedup(this.#draft, site, name, settings)))
      case 'to':
        return this.#with('to', step, path, (to) => (this.#draft = addSink(this.#draft, site, sinkTopic(to))))
      case 'eventTime':
      case 'processingTime':
        return
    }
  }

  #with<V extends Verb>(verb: V, step: Record<Verb, unknown>, path: string, use: (parsed: Step<V>) => void): void {
    const parsed = parseStep(verb, step[verb], `${path}.${verb}`, this.#problems)
    if (parsed === null) this.#incomplete = true
    else use(parsed)
  }

  #eventTime({ field, from, header, ...settings }: Step<'eventTime'>, path: string): void {
    const choices = 'name the field or the header that holds the time, or say from: record'
    const given = [field, from, header].filter((one) => one !== undefined).length
    if (given === 0) this.#give(path, `field is missing: ${choices}`)
    if (given > 1) this.#give(path, `give one of them: ${choices}`)
    this.#draft = addEventTime(this.#draft, { path }, timestampOf(field, header), settings)
  }

  #processingTime(path: string): void {
    this.#draft = addProcessingTime(this.#draft, { path })
  }

  #openWindow(step: Step<'window'>, site: Site): void {
    if (step.session !== undefined) return this.#openSession(step, site)
    const isEmpty = Object.values(step).every((part) => typeof part === 'object' && Object.keys(part).length === 0)
    if (isEmpty && this.#isUnsupported(site.path)) {
      this.#incomplete = true
      return
    }
    const window = windowOf(step)
    if (typeof window === 'string') this.#give(site.path, window)
    else this.#window = { window, site }
  }

  #openSession({ session: gap, lateness, emit, ...others }: Step<'window'>, site: Site): void {
    const [other] = Object.keys(others)
    if (gap === undefined) return
    const only = 'a session has a gap, a lateness and an emission only: session: 10m, lateness: 1m, emit: updates'
    if (other !== undefined) return this.#give(`${site.path}.${other}`, only)
    this.#window = { window: { kind: 'session', gap, lateness, emit }, site }
  }

  #aggregate({ name, fields }: Step<'aggregate'>, site: Site): void {
    const aggregates: Record<string, Aggregate> = {}
    for (const [field, choice] of Object.entries(fields)) {
      const aggregate = aggregateOf(choice)
      if (aggregate === null) this.#give(`${site.path}.fields.${field}`, aggregateHint)
      else aggregates[field] = aggregate
    }
    const open = this.#window
    this.#window = null
    if (open === null) return this.#incomplete ? undefined : this.#give(site.path, 'an aggregate needs a window: put window before it')
    const at = { ...site, window: open.site }
    this.#draft =
      open.window.kind === 'session'
        ? addSessionAggregate(this.#draft, at, open.window, name, aggregates)
        : addWindowAggregate(this.#draft, at, open.window, name, aggregates)
  }

  #sourceTopic(from: Step<'from'>, path: string): KafkaTopic<unknown> {
    const schema = from.schema === undefined ? null : this.#schema(from.schema, `${path}.schema`)
    return { ...plainTopic(from), key: from.key ?? null, schema, startFrom: this.#startFrom(from, path), idleTimeout: from.idleTimeout ?? null }
  }

  #schema(json: unknown, path: string): RecordSchema | null {
    try {
      return parseSchema(json, path)
    } catch (error) {
      if (!(error instanceof StreamJobError)) throw error
      const { path: at, what, hint } = error.fields
      if (typeof at === 'string') this.#give(at, `${String(what)}; ${String(hint)}`)
      else this.#give(path, error.message)
      return null
    }
  }

  #startFrom({ startFrom, startTimestamp }: Step<'from'>, path: string): StartFrom | null {
    if ((startFrom === 'Timestamp') !== (startTimestamp !== undefined)) {
      this.#give(`${path}.startFrom`, 'startFrom: Timestamp and startTimestamp stand together')
      return null
    }
    if (startTimestamp !== undefined) return { kind: 'timestamp', timestamp: Date.parse(startTimestamp) }
    return startFrom === undefined ? null : { kind: startFrom === 'Earliest' ? 'earliest' : 'latest' }
  }

  /** Whether a part of the step asks for something that does not exist yet: then it is not told that the step lacks what does. */
  #isUnsupported(path: string): boolean {
    return this.#problems.some((problem) => problem.kind === 'not-supported-yet' && problem.path.startsWith(`${path}.`))
  }

  #give(path: string, message: string): void {
    this.#incomplete = true
    this.#problems.push({ kind: 'invalid', path, message })
  }
}

/** Words that say how the records of a source get their time. */
const besideFrom: readonly string[] = ['eventTime', 'processingTime'] satisfies readonly Verb[]

function unknownStep(word: string, path: string): Problem {
  if (word !== 'reduce' && word !== 'process') return unknownWord(word, `${path}.${word}`, Object.keys(grammar))
  const instead = word === 'reduce' ? ', or use aggregate' : ''
  return { kind: 'invalid', path: `${path}.${word}`, message: `${word} takes a function: write the program in TypeScript${instead}` }
}

function timestampOf(field: string | undefined, header: string | undefined): EventTimeNode['timestamp'] {
  if (field !== undefined) return { kind: 'field', name: field }
  return header === undefined ? { kind: 'record' } : { kind: 'header', name: header }
}

function mapper(map: Step<'map'>): Parameters<typeof addMap>[2] {
  if (typeof map === 'string') return cel(map)
  return { kind: 'fields', fields: Object.fromEntries(Object.entries(map.fields).map(([name, text]) => [name, cel(text)])) }
}

function plainTopic({ topic, format = 'json' }: { readonly topic: string; readonly format?: string | undefined }): KafkaTopic<unknown> {
  return { topic, format, key: null, schema: null, startFrom: null, create: null, idleTimeout: null }
}

function sinkTopic(to: Step<'to'>): KafkaTopic<unknown> {
  const { create } = to
  return {
    ...plainTopic(to),
    create: create === undefined ? null : { partitions: create.partitions, replicationFactor: create.replicationFactor ?? -1 },
  }
}

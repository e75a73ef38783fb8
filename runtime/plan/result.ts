/** What planning answers to the operator: the plan in brief, or everything that is wrong with the program. */
import type { PlanResult } from '../protocol.ts'
import { explain } from './explain.ts'
import { fingerprint } from './fingerprint.ts'
import type { Plan, Stage } from './nodes.ts'
import { problemsOf, type Problem } from './problems.ts'
import { isStateful, maxDriftOf, stagesOf } from './structure/stages.ts'

export type InvalidPlan = Extract<PlanResult, { kind: 'invalid' }>

/** The answer for a plan that can be carried out. */
export function plannedResult(plan: Plan): PlanResult {
  return {
    kind: 'planned',
    formatVersion: 1,
    fingerprint: fingerprint(plan),
    explain: bounded(explain(plan), 65_536),
    stages: stagesOf(plan).map(stageResult),
  }
}

/** The answer for a program with problems. `file` is used where a problem does not name its own. */
export function problemResult(problems: readonly Problem[], file: string | null = null): InvalidPlan {
  const reason = problems.every((problem) => problem.kind === 'not-supported-yet') ? 'NotSupportedYet' : 'PlanError'
  return invalidResult(
    reason,
    problems.map(({ path, message, place }) => ({ file: place?.file ?? file, line: place?.line ?? null, path, message })),
  )
}

/** An answer whose texts are cut to what the protocol allows. */
export function invalidResult(reason: InvalidPlan['reason'], problems: InvalidPlan['problems']): InvalidPlan {
  const cut = problems.slice(0, 100).map(({ file, line, path, message }) => ({
    file: file === null ? null : bounded(file, 1_024),
    line,
    path: path === null ? null : bounded(path, 1_024),
    message: bounded(message, 4_096),
  }))
  return { kind: 'invalid', reason, problems: cut }
}

/** The answer for what building a plan threw; null when the error is not about the program. */
export function errorResult(error: unknown, file: string | null = null): InvalidPlan | null {
  const problems = problemsOf(error)
  return problems === null ? null : problemResult(problems, file)
}

function stageResult(stage: Stage): Extract<PlanResult, { kind: 'planned' }>['stages'][number] {
  return {
    name: stage.name,
    sourceTopic: stage.source.kind === 'source' ? stage.source.topic : null,
    writers: stage.source.kind === 'source' ? [] : [...stage.source.writers],
    keyField: stage.source.keyField,
    stateful: isStateful(stage),
    ...(maxDriftOf(stage) !== null && { aligned: true }),
    sinks: stage.sinks.flatMap((sink) => (sink.kind === 'sink' ? [{ topic: sink.topic, create: sink.create }] : [])),
    feeds: stage.sinks.flatMap((sink) => (sink.kind === 'repartition' ? [sink.uid] : [])),
  }
}

function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

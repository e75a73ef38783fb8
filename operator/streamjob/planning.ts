import { workerContainer } from '../../crds/names.ts'
import type { PlanResult } from '../../runtime/protocol.ts'
import { isAlreadyExists, isForbidden, isInvalid } from '../kube/errors.ts'
import { backoffMs } from '../kube/rate.ts'
import type { Pod, Stored } from '../kube/resources.ts'
import { configMaps, pods } from '../kube/resources.ts'
import { objectNames } from '../resources/names.ts'
import { pinnedImage, planningConfigMap, planningPod } from '../resources/planning-pod.ts'
import type { ProgramSource } from '../resources/release.ts'
import { programFiles } from '../resources/worker-config.ts'
import type { Finding } from './status/finding.ts'
import { fails, unknown } from './status/finding.ts'
import { pullProblem, unschedulable } from './pods/problems.ts'
import type { Visit } from './visit.ts'
import { known, place } from './visit.ts'

export interface ProgramToPlan {
  readonly source: ProgramSource
  readonly hash: string
  readonly codeHash: string
}

/** How long a started container may take to answer; type-checking a large program on one CPU takes seconds. */
const answerWithinMs = 60_000

/** A pod that plans is asked this often. */
const pollMs = 500

/** Pauses between pods that end without an answer. */
const backoff = { baseMs: 5_000, capMs: 300_000 }

/** No plan yet, or none at all. `againMs`: when to ask again; left out, a change of the pod is waited for. */
export interface Unplanned {
  readonly finding: Finding
  readonly againMs?: number
}

/**
 * One step towards a plan by a pod of the program's own image: makes the pod, or asks it, or says what holds it up. Called again until it answers; the
 * pod is removed by whoever has stored the answer.
 */
export async function planInPod(visit: Visit, program: ProgramToPlan): Promise<{ result: PlanResult; image: string } | Unplanned> {
  const name = objectNames.planner(visit.owner.name, program.hash)
  const pod = known(visit, 'pods').find(({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined)
  const image = imageOf(visit, program.source)
  if (pod === undefined) {
    const { unplanned } = visit.world.memory.of(visit.owner.uid)
    if (unplanned?.hash === program.hash && visit.world.clock.monotonic() < unplanned.notBefore) return { finding: unplanned.finding }
    try {
      await startPlanner(visit, program, image)
    } catch (error) {
      if (!isForbidden(error) && !isInvalid(error)) throw error
      // Files are removed with their pod, and here there is none.
      await visit.world.kube.delete(configMaps, place(visit, name), { signal: visit.signal })
      return await giveUp(visit, program.hash, fails('ProgramValid', 'PlanningFailed', `the API server refuses the planning pod: ${error.message}`))
    }
    return { finding: unknown('ProgramValid', 'Planning', `the pod ${name} is being started`) }
  }
  const answer = await ask(visit, pod)
  if (answer !== null && answer.kind !== 'pending') return { result: answer, image: pinnedImage(image, pod) }
  return holdUp(visit, program, pod)
}

/** Removes planning pods and their files, but for the one named. */
export async function removePlanners(visit: Visit, keep: string | null): Promise<void> {
  const { kube } = visit.world
  for (const { metadata } of known(visit, 'pods')) {
    if (!metadata.name.startsWith(objectNames.planner(visit.owner.name, '')) || metadata.name === keep) continue
    if (metadata.labels?.['streamjob.dev/component'] !== 'planner' || metadata.deletionTimestamp !== undefined) continue
    await kube.delete(configMaps, place(visit, metadata.name), { signal: visit.signal })
    await kube.delete(pods, place(visit, metadata.name), { signal: visit.signal, ...(metadata.uid === undefined ? {} : { uid: metadata.uid }) })
  }
}

function imageOf(visit: Visit, source: ProgramSource): string {
  return source.kind === 'image' ? source.image : visit.world.settings.runtimeImage
}

async function startPlanner(visit: Visit, program: ProgramToPlan, image: string): Promise<void> {
  const { world, owner, signal, job } = visit
  const files = programFiles(job.spec, visit.applicationId, program.source)
  const draft = { hash: program.hash, codeHash: program.codeHash, image, files }
  await removePlanners(visit, null)
  await world.kube.create(configMaps, planningConfigMap(owner, draft), { signal }).catch(ignoreExisting)
  await world.kube.create(pods, planningPod(owner, draft), { signal }).catch(ignoreExisting)
}

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error)) throw error
}

async function ask(visit: Visit, pod: Stored<Pod>): Promise<PlanResult | null> {
  const ip = pod.status?.podIP
  const running = containerState(pod)?.running !== undefined
  return ip === undefined || !running ? null : await visit.world.pods.plan(ip, visit.signal)
}

/** Why there is no answer yet, or will be none. */
async function holdUp(visit: Visit, { hash }: ProgramToPlan, pod: Stored<Pod>): Promise<Unplanned> {
  const pull = pullProblem(pod)
  if (pull !== null) return { finding: fails('ProgramValid', 'ImagePullFailed', pull) }
  const state = containerState(pod)
  const phase = pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded') {
    const words = state?.terminated?.message ?? pod.status?.message ?? pod.status?.reason ?? 'no message'
    return await giveUp(visit, hash, fails('ProgramValid', 'PlanningFailed', `the planning pod ended without an answer: ${words.trim()}`))
  }
  if (state?.running === undefined) {
    const homeless = unschedulable(pod)
    return { finding: unknown('ProgramValid', 'Planning', `the pod ${pod.metadata.name} is starting${homeless === null ? '' : `: ${homeless}`}`) }
  }
  if (runningForMs(visit, pod) > answerWithinMs) {
    const message = `the planning pod did not answer within ${answerWithinMs / 1_000} s; it is started again`
    return await giveUp(visit, hash, fails('ProgramValid', 'PlanningTimedOut', message))
  }
  return { finding: unknown('ProgramValid', 'Planning', `the pod ${pod.metadata.name} is planning`), againMs: pollMs }
}

/** For how long this operator has seen the container run, on its own clock: the kubelet's may be another. */
function runningForMs({ world, owner }: Visit, { metadata: { uid } }: Stored<Pod>): number {
  const memory = world.memory.of(owner.uid)
  const now = world.clock.monotonic()
  if (memory.planning?.uid !== uid) memory.planning = { uid, since: now }
  return now - memory.planning.since
}

/** Takes the pod down; the next one is made after a pause that grows with every failure of this program. */
async function giveUp(visit: Visit, hash: string, finding: Finding): Promise<Unplanned> {
  const { clock, memory, random } = visit.world
  const job = memory.of(visit.owner.uid)
  const failures = job.unplanned?.hash === hash ? job.unplanned.failures + 1 : 0
  job.unplanned = { hash, finding, failures, notBefore: clock.monotonic() + backoffMs(failures, backoff, random) }
  await removePlanners(visit, null)
  return { finding }
}

function containerState(pod: Pod) {
  return pod.status?.containerStatuses?.find((status) => status.name === workerContainer)?.state
}

/** The pods of a simulated job: real workers, each a process that can be killed, stopped and started again. */
import { StreamJobError } from '../../errors.ts'
import type { ConnectedKafka } from '../../kafka/connect.ts'
import { stagesOf } from '../../plan/structure/stages.ts'
import type { WorkerStatus } from '../../protocol.ts'
import { createTelemetry } from '../../worker/telemetry.ts'
import { Worker } from '../../worker/worker.ts'
import type { Random } from '../time/random.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import { simulatedSizes } from './disks.ts'
import { topics } from './world.ts'
import type { World } from './world.ts'

export const codeHash = 'simulated'

export function instanceOf(ordinal: number): string {
  return `worker-${ordinal}`
}

interface Pod {
  readonly process: VirtualProcess
  readonly worker: Worker
  readonly kafka: ConnectedKafka
  readonly stop: AbortController
}

export class Workers {
  readonly #world: World
  readonly #pods = new Map<number, Pod>()
  /** Pods that were told to end. */
  readonly #ending = new Set<number>()
  /** No pod is started meanwhile. */
  paused = false
  /** Ordinals that the operator wants at work: one that ends by itself is started again. */
  #wanted = 0

  constructor(world: World) {
    this.#world = world
  }

  get wanted(): number {
    return this.#wanted
  }

  set wanted(count: number) {
    this.#wanted = count
  }

  /** Ordinals whose process runs, also one that is stopped. */
  get running(): readonly number[] {
    return [...this.#pods.keys()].toSorted((a, b) => a - b)
  }

  get stopped(): readonly number[] {
    return this.running.filter((ordinal) => this.#pods.get(ordinal)!.process.stopped)
  }

  /** Of the processes that run and are not stopped. */
  get statuses(): readonly WorkerStatus[] {
    return [...this.#pods.values()].filter(({ process }) => !process.stopped).map(({ worker }) => worker.status())
  }

  /** Starts every wanted ordinal that does not run. */
  startAll(): void {
    for (let ordinal = 0; ordinal < this.#wanted; ordinal++) this.start(ordinal)
  }

  start(ordinal: number): void {
    if (this.paused || this.#pods.has(ordinal) || ordinal >= this.#wanted) return
    const world = this.#world
    const name = instanceOf(ordinal)
    const process = world.process(name, world.setting.lookMs)
    const kafka = world.connect(process)
    const plan = world.job.plan(topics, (ms) => process.spend(ms))
    const { timing } = process
    const { disks } = world
    const volume = disks === null ? {} : { disk: disks.of(ordinal).mount(process).disk, lot: () => disks.lot(), snapshotSizes: simulatedSizes }
    const worker = new Worker({
      config: world.config,
      stages: stagesOf(plan),
      codeHash,
      jobUid: 'simulated',
      instanceId: name,
      ordinal,
      kafka,
      log: world.logOf(name),
      telemetry: createTelemetry(() => undefined),
      clock: () => world.timeOfDay,
      now: () => timing.now(),
      pause: (ms, signal) => timing.sleep(ms, signal),
      turn: () => timing.turn(),
      sliceBytes: world.setting.sliceBytes,
      ...volume,
    })
    const stop = new AbortController()
    const pod = { process, worker, kafka, stop }
    this.#pods.set(ordinal, pod)
    world.history.note(name, 'starts')
    worker.run(stop.signal).then(
      () => this.#close(ordinal, pod),
      (error: unknown) => this.#fail(ordinal, pod, error),
    )
  }

  /** Kills the process at whatever it is waiting for: nothing is said to anybody. */
  crash(ordinal: number): boolean {
    const pod = this.#pods.get(ordinal)
    if (pod === undefined) return false
    pod.process.kill()
    this.#gone(ordinal)
    return true
  }

  /** SIGTERM: it commits and ends. */
  end(ordinal: number): boolean {
    const pod = this.#pods.get(ordinal)
    if (pod === undefined || pod.process.stopped || this.#ending.has(ordinal)) return false
    this.#ending.add(ordinal)
    pod.stop.abort()
    return true
  }

  freeze(ordinal: number): boolean {
    const pod = this.#pods.get(ordinal)
    if (pod === undefined || pod.process.stopped) return false
    pod.process.stop()
    return true
  }

  thaw(ordinal: number): void {
    this.#pods.get(ordinal)?.process.resume()
  }

  /** Holds its event loop up, as a slow function or a long collection of garbage does. */
  holdUp(ordinal: number, ms: number): void {
    this.#pods.get(ordinal)?.process.spend(ms)
  }

  async #close(ordinal: number, pod: Pod): Promise<void> {
    await pod.worker[Symbol.asyncDispose]()
    await pod.kafka[Symbol.asyncDispose]()
    pod.process.kill()
    if (this.#pods.get(ordinal) === pod) this.#gone(ordinal)
  }

  #fail(ordinal: number, pod: Pod, error: unknown): void {
    if (!(error instanceof StreamJobError))
      this.#world.violate(`${instanceOf(ordinal)} failed: ${error instanceof Error ? error.stack : String(error)}`)
    this.#world.history.note(instanceOf(ordinal), 'ends with an error', { error: String(error) })
    pod.process.kill()
    if (this.#pods.get(ordinal) !== pod) return
    this.#gone(ordinal)
    // As the kubelet does.
    this.#world.clock.after(1_000, () => this.start(ordinal))
  }

  #gone(ordinal: number): void {
    this.#pods.delete(ordinal)
    this.#ending.delete(ordinal)
    this.#world.networks.delete(instanceOf(ordinal))
    this.#world.disks?.of(ordinal).unmount()
    this.#world.history.note(instanceOf(ordinal), 'is gone')
  }
}

/** Within the session mostly, but not always. */
export function startLater(world: World, workers: Workers, ordinal: number, random: Random): void {
  const { sessionTimeoutMs } = world.config.processing
  const pauseMs = random.chance(0.8) ? random.between(10, 2_000) : random.between(0.8, 1.6) * sessionTimeoutMs
  world.clock.after(pauseMs, () => workers.start(ordinal))
}

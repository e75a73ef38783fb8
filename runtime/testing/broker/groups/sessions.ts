/** Deadlines of members: one timer for each, set again only when it rings too early. */
import type { Scheduler } from '../../time/scheduler.ts'

interface Session {
  deadline: number
  rings: number
  callOff: () => void
}

export class Sessions {
  readonly #scheduler: Scheduler
  readonly #sessions = new Map<string, Session>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** From now on the name has so long; `expire` is called once, then it is forgotten. */
  set(name: string, timeoutMs: number, expire: () => void): void {
    const deadline = this.#scheduler.now() + timeoutMs
    const known = this.#sessions.get(name)
    if (known !== undefined && known.rings <= deadline) known.deadline = deadline
    else {
      known?.callOff()
      this.#arm(name, deadline, expire)
    }
  }

  end(name: string): void {
    this.#sessions.get(name)?.callOff()
    this.#sessions.delete(name)
  }

  #arm(name: string, deadline: number, expire: () => void): void {
    const ring = (): void => {
      if (session.deadline <= this.#scheduler.now()) {
        this.#sessions.delete(name)
        expire()
      } else this.#arm(name, session.deadline, expire)
    }
    const session: Session = { deadline, rings: deadline, callOff: this.#scheduler.after(deadline - this.#scheduler.now(), ring) }
    this.#sessions.set(name, session)
  }
}

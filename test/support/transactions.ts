/** Which transactions are open, asked of the broker in one request: a kill counts only when it hit one. */
import { KafkajsTransport } from '../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../runtime/kafka/log.ts'
import type { RequestKind } from '../../runtime/kafka/wire/request.ts'

export class OpenTransactions implements AsyncDisposable {
  readonly #transport: KafkajsTransport
  readonly #channel: ReturnType<KafkajsTransport['channel']>

  constructor(broker: string) {
    this.#transport = new KafkajsTransport({ brokers: [broker] }, { clientId: 'open-transactions', log: silent })
    this.#channel = this.#transport.channel()
  }

  /** Transactional ids whose state at the broker is `Ongoing`. */
  async list(): Promise<ReadonlySet<string>> {
    return new Set(await this.#channel.ask(listTransactions, 'Ongoing'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]()
  }
}

/** ListTransactions v0, of one state. */
export const listTransactions: RequestKind<string, readonly string[]> = {
  apiKey: 66,
  version: 0,
  name: 'ListTransactions',
  flexible: true,
  encode: (w, state) =>
    w
      .compactArray([state], (one) => w.compactString(one))
      .compactArray([], () => w)
      .tags(),
  decode(r) {
    r.int32()
    const error = r.int16()
    if (error !== 0) throw new Error(`ListTransactions was refused with error ${error}`)
    r.compactArray(() => r.compactString())
    return r.compactArray(() => {
      const id = r.compactString()
      r.int64()
      r.compactString()
      r.tags()
      return id
    })
  },
}

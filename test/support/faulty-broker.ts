/**
 * A TCP proxy before a broker, which says that the broker lives at the proxy's address: every byte between a client and the broker goes through it. It can
 * cut all connections, freeze them (nothing passes, nothing is closed: what a stopped process or a dead switch looks like), or lose the answer of a request.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

interface Pair {
  readonly client: Socket
  readonly broker: Socket
}

/** Numbers of requests in the protocol. */
export const apiKey = { Produce: 0, AddOffsetsToTxn: 25, EndTxn: 26, TxnOffsetCommit: 28 } as const

export class FaultyBroker {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Set<Pair>()
  #frozen: PromiseWithResolvers<void> | null = null
  /** Told each request by its number in the protocol; true: it reaches the broker, the answer is lost, and the connection with it. */
  lose: (request: number) => boolean = () => false
  #lost = 0

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server
    this.#target = target
    server.on('connection', (client) => this.#join(client))
  }

  /** @param address Of the broker, as it tells its clients. */
  static async before(t: ExecutionContext, address: string): Promise<FaultyBroker> {
    const [host = '', port = ''] = address.split(':')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const faulty = new FaultyBroker(server, { host, port: Number(port) })
    t.teardown(() => faulty.close())
    return faulty
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // a listening TCP server has one
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many answers were lost. */
  get lost(): number {
    return this.#lost
  }

  /** Ends every connection at once. */
  cut(): void {
    for (const { client, broker } of this.#pairs) {
      client.destroy()
      broker.destroy()
    }
  }

  /** From now on nothing passes; connections stand, and new ones get no answer. */
  freeze(): void {
    this.#frozen ??= Promise.withResolvers<void>()
    for (const { client, broker } of this.#pairs) {
      client.pause()
      broker.pause()
    }
  }

  /** What waited passes now. */
  thaw(): void {
    this.#frozen?.resolve()
    this.#frozen = null
    for (const { client, broker } of this.#pairs) {
      client.resume()
      broker.resume()
    }
  }

  async close(): Promise<void> {
    this.cut()
    this.thaw()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #join(client: Socket): void {
    const broker = connect(this.#target.port, this.#target.host)
    const pair = { client, broker }
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) socket.on('error', end).on('close', end)
    const requests = new Frames((frame) => {
      if (!this.lose(frame.readInt16BE(4))) return
      this.#lost += 1
      // The request has been carried out when the broker answers; what comes back goes nowhere.
      broker.removeAllListeners('data').once('data', end)
    })
    const answers = new Frames((frame) => this.#readdress(frame))
    client.on('data', (bytes: Buffer) => broker.write(requests.take(bytes)))
    broker.on('data', (bytes: Buffer) => client.write(answers.take(bytes)))
    if (this.#frozen !== null) {
      client.pause()
      broker.pause()
    }
  }

  /** Wherever an answer names the broker, it names the proxy. */
  #readdress(frame: Buffer): void {
    const place = Buffer.alloc(this.#target.host.length + 4)
    place.write(this.#target.host)
    place.writeInt32BE(this.#target.port, this.#target.host.length)
    for (let at = frame.indexOf(place); at >= 0; at = frame.indexOf(place, at + 1)) frame.writeInt32BE(this.port, at + this.#target.host.length)
  }
}

/** Cuts a stream into the messages of the protocol: length, then as many bytes. */
class Frames {
  readonly #look: (frame: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)

  /** @param look Sees each message with its length, and may change its bytes. */
  constructor(look: (frame: Buffer) => void) {
    this.#look = look
  }

  /** The messages that are whole by now. */
  take(bytes: Buffer): Buffer {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (all.length - at >= 4 && all.length - at >= 4 + all.readInt32BE(at)) {
      const end = at + 4 + all.readInt32BE(at)
      this.#look(all.subarray(at, end))
      at = end
    }
    this.#rest = all.subarray(at)
    return all.subarray(0, at)
  }
}

import { Owned } from '../../../kafka/owned.ts'
import type { KafkaTransport } from '../../../kafka/transport.ts'
import type { ChannelOptions } from './channel.ts'
import { VirtualChannel } from './channel.ts'

/** One process's connections to a virtual cluster. */
export class VirtualTransport implements KafkaTransport {
  readonly #options: ChannelOptions
  readonly #channels = new Owned()

  constructor(options: Omit<ChannelOptions, 'known' | 'silent'>) {
    this.#options = { ...options, known: new Set(), silent: new Set() }
  }

  channel(): VirtualChannel {
    return this.#channels.add(new VirtualChannel(this.#options))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#channels[Symbol.asyncDispose]()
  }
}

import { randomUUID } from 'node:crypto'
import type { Announcements, Ear, Hint, HintChannel, HintListener } from './ports.ts'

/**
 * The announcements of one process over any number of channels. What one of them brings in is not passed on by the
 * others: each process tells all those that it knows by itself.
 * @example
 * ```ts
 * const announcer = new Announcer()
 * announcer.open(ear => connectPeer('10.0.0.7:7701', ear, log))
 * announcer.listen({ onHint: key => watcher.hear(key), onGap: () => watcher.lookAtAll() })
 * announcer.tell('aliases/0000000004.json')
 * ```
 */
export class Announcer implements Announcements {
  readonly #ear: Ear = { sender: randomUUID(), receive: hint => this.#receive(hint) }
  readonly #channels: HintChannel[] = []
  readonly #listeners: HintListener[] = []

  open<Channel extends HintChannel>(channelTo: (ear: Ear) => Channel): Channel {
    const channel = channelTo(this.#ear)
    this.#channels.push(channel)
    return channel
  }

  get hearing(): boolean {
    return this.#channels.some(channel => channel.hearing)
  }

  listen(listener: HintListener): void {
    this.#listeners.push(listener)
  }

  tell(key: string): void {
    for (const channel of this.#channels) channel.send({ sender: this.#ear.sender, key })
    for (const listener of this.#listeners) listener.onHint(key)
  }

  close(): void {
    for (const channel of this.#channels) channel.close()
  }

  #receive({ sender, key }: Hint): void {
    // What this process told itself comes back by Redis, or by a list of coordinators that it is in.
    if (sender === this.#ear.sender) return
    for (const listener of this.#listeners) {
      if (key === '') listener.onGap()
      else listener.onHint(key)
    }
  }
}

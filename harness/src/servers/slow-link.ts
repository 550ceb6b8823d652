import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server that takes longer than the direct one, as from another data centre. */
export interface SlowLink {
  /** `host:port` to reach the server by. */
  readonly address: string
  /** On top, there and back again; holds for what is sent from then on. */
  delayMs: number
  stop(): Promise<void>
}

/**
 * Listens on a free port and passes on, half of the delay later in either direction, whatever comes for a server.
 * @param target `host:port`
 */
export async function startSlowLink(target: string, delayMs = 0): Promise<SlowLink> {
  const sockets = new Set<Socket>()
  const [host, port] = [target.slice(0, target.lastIndexOf(':')), Number(target.slice(target.lastIndexOf(':') + 1))]
  const server = createServer({ noDelay: true, allowHalfOpen: true }, near => {
    const far = connect({ host, port, noDelay: true, allowHalfOpen: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    passOn(near, far, () => link.delayMs / 2)
    passOn(far, near, () => link.delayMs / 2)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link: SlowLink = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayMs,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return link
}

/** In order, also when the delay becomes shorter. The end of a connection takes as long as its bytes. */
function passOn(from: Socket, to: Socket, delayMs: () => number): void {
  let dueMs = 0
  const later = (act: () => void) => {
    const nowMs = performance.now()
    dueMs = Math.max(dueMs, nowMs + delayMs())
    setTimeout(act, dueMs - nowMs).unref()
  }
  from.on('data', bytes => later(() => to.write(bytes)))
  from.on('end', () => later(() => to.end()))
  from.on('error', () => later(() => to.destroy()))
  from.on('close', () => later(() => to.destroy()))
}
